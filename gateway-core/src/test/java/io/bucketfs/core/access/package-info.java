@NullMarked
package io.bucketfs.core.access;

import org.jspecify.annotations.NullMarked;
