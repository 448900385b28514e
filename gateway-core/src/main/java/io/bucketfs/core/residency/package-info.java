/** What operators order about the local copies of a mount's files: fetch, drop, keep. */
@NullMarked
package io.bucketfs.core.residency;

import org.jspecify.annotations.NullMarked;
