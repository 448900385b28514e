/** Tests of the script that starts the product. */
@NullMarked
package io.bucketfs.app.launcher;

import org.jspecify.annotations.NullMarked;
