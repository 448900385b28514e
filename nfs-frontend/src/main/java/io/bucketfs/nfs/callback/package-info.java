/**
 * Calls from the server to its clients over connections that they made (RFC 8881, 2.10.3.1, 20).
 */
@NullMarked
package io.bucketfs.nfs.callback;

import org.jspecify.annotations.NullMarked;
