/** Benchmarks: micro-benchmarks and load generators. */
@NullMarked
package io.bucketfs.bench;

import org.jspecify.annotations.NullMarked;
