/** The S3 side: implements the object store port of the core on the AWS SDK. */
@NullMarked
package io.bucketfs.s3;

import org.jspecify.annotations.NullMarked;
