/** Time, randomness and threads, injected everywhere so that a seed can drive them. */
@NullMarked
package io.bucketfs.core.runtime;

import org.jspecify.annotations.NullMarked;
