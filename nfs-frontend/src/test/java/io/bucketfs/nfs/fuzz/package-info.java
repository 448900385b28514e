@NullMarked
package io.bucketfs.nfs.fuzz;

import org.jspecify.annotations.NullMarked;
