@NullMarked
package io.bucketfs.core.fuzz;

import org.jspecify.annotations.NullMarked;
