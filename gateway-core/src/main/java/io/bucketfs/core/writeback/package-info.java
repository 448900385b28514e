/** From the namespace to the bucket: what is due, jobs, conflicts. */
@NullMarked
package io.bucketfs.core.writeback;

import org.jspecify.annotations.NullMarked;
