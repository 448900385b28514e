/**
 * Extent files and the RAM tier in front of them.
 *
 * <p>Lock order: an {@code AppendStream}'s lock before an {@code ExtentFile}'s. No lock is held
 * over a sync of a file, nor over the write of a payload.
 */
@NullMarked
package io.bucketfs.cache.extent;

import org.jspecify.annotations.NullMarked;
