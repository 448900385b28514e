/** The metadata store on RocksDB. */
@NullMarked
package io.bucketfs.cache.metadata;

import org.jspecify.annotations.NullMarked;
