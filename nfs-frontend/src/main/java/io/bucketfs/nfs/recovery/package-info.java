/** What outlives a crash: boot epoch, handle key, clients that may reclaim, the grace period. */
@NullMarked
package io.bucketfs.nfs.recovery;

import org.jspecify.annotations.NullMarked;
