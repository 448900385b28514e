/** From the bucket to the namespace: listings, POSIX metadata, changed objects. */
@NullMarked
package io.bucketfs.core.importer;

import org.jspecify.annotations.NullMarked;
