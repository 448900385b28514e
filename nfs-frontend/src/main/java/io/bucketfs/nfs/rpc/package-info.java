/** ONC RPC version 2 (RFC 5531): record marking, call headers, credentials, replies. */
@NullMarked
package io.bucketfs.nfs.rpc;

import org.jspecify.annotations.NullMarked;
