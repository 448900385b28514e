/** The object store port: keys, versions, ranges, conditions and user metadata. */
@NullMarked
package io.bucketfs.core.object;

import org.jspecify.annotations.NullMarked;
