/** A small S3 over HTTP in front of any object store, for tests of real clients. */
@NullMarked
package io.bucketfs.s3.front;

import org.jspecify.annotations.NullMarked;
