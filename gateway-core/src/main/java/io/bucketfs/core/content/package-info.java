/** File bytes: extents, the overlay of unstable writes, fills from S3, snapshots, eviction. */
@NullMarked
package io.bucketfs.core.content;

import org.jspecify.annotations.NullMarked;
