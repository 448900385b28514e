/** What clients do that waits until files are in the bucket. */
@NullMarked
package io.bucketfs.core.barrier;

import org.jspecify.annotations.NullMarked;
