/** A gateway with an S3 of its own, to try things out. */
@NullMarked
package io.bucketfs.app.demo;

import org.jspecify.annotations.NullMarked;
