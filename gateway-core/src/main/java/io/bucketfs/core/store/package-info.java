/** Typed metadata records, their codecs, transactions and the committer. */
@NullMarked
package io.bucketfs.core.store;

import org.jspecify.annotations.NullMarked;
