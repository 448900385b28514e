/** A state directory that describes many files. */
@NullMarked
package io.bucketfs.bench.many;

import org.jspecify.annotations.NullMarked;
