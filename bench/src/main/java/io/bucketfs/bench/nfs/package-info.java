/** A load generator for NFSv4.1 servers. */
@NullMarked
package io.bucketfs.bench.nfs;

import org.jspecify.annotations.NullMarked;
