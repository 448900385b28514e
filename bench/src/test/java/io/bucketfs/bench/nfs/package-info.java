/** Tests of the load generator. */
@NullMarked
package io.bucketfs.bench.nfs;

import org.jspecify.annotations.NullMarked;
