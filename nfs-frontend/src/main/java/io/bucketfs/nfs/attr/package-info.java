/** File attributes on the wire (RFC 8881, 5): bitmaps, fattr4 out and in. */
@NullMarked
package io.bucketfs.nfs.attr;

import org.jspecify.annotations.NullMarked;
