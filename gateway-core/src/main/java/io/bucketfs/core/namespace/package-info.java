/** Inodes and directories: lookups, creation, removal, renames, attributes. */
@NullMarked
package io.bucketfs.core.namespace;

import org.jspecify.annotations.NullMarked;
