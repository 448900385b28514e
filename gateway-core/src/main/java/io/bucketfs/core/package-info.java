/** The file system: namespace, content, import and write-back. Knows no sockets, RocksDB or AWS. */
@NullMarked
package io.bucketfs.core;

import org.jspecify.annotations.NullMarked;
