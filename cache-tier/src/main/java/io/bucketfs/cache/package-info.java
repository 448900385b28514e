/** The local state: implements the local ports of the core on RocksDB, extent files and memory. */
@NullMarked
package io.bucketfs.cache;

import org.jspecify.annotations.NullMarked;
