/** What the way to and from S3 costs over a bare loop of requests. */
@NullMarked
package io.bucketfs.bench.export;

import org.jspecify.annotations.NullMarked;
