/** Verifies the local state while it is in use: index, names, references, checksums, counters. */
@NullMarked
package io.bucketfs.core.check;

import org.jspecify.annotations.NullMarked;
