/** The front end: ONC RPC on Netty, XDR, and the NFSv4.1 engine that calls the file system. */
@NullMarked
package io.bucketfs.nfs;

import org.jspecify.annotations.NullMarked;
