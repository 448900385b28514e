/** How many reads the tiers answer by themselves. */
@NullMarked
package io.bucketfs.bench.hits;

import org.jspecify.annotations.NullMarked;
