/** The ports of the local tier: metadata store, extent files and the disk below them. */
@NullMarked
package io.bucketfs.core.local;

import org.jspecify.annotations.NullMarked;
