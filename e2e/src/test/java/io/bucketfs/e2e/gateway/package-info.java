/** The gateway as a user runs it, the bucket behind it as an S3 client sees it, and sample data. */
@NullMarked
package io.bucketfs.e2e.gateway;

import org.jspecify.annotations.NullMarked;
