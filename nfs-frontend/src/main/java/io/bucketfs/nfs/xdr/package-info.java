/** XDR (RFC 4506) straight on buffers: the bounds are checked before anything is allocated. */
@NullMarked
package io.bucketfs.nfs.xdr;

import org.jspecify.annotations.NullMarked;
