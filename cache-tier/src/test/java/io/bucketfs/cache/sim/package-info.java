/** The whole core over fakes that forget, in one thread, from a seed. */
@NullMarked
package io.bucketfs.cache.sim;

import org.jspecify.annotations.NullMarked;
