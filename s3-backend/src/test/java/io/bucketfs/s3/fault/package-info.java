/** What goes wrong between a client and S3, on purpose. */
@NullMarked
package io.bucketfs.s3.fault;

import org.jspecify.annotations.NullMarked;
