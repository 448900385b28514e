/** How fast requests go to a bucket that is overloaded or does not answer. */
@NullMarked
package io.bucketfs.core.pace;

import org.jspecify.annotations.NullMarked;
