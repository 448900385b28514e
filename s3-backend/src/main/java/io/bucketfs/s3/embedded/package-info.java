/**
 * An S3 of our own on a folder, for the demo and the tests. {@link
 * io.bucketfs.s3.embedded.EmbeddedS3} is the only code that knows S3Proxy, and runs in a JVM of its
 * own with a class path of its own; {@link io.bucketfs.s3.embedded.EmbeddedS3Process} starts it.
 */
@NullMarked
package io.bucketfs.s3.embedded;

import org.jspecify.annotations.NullMarked;
