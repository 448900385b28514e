/** Tests of protocol state. */
@NullMarked
package io.bucketfs.nfs.exec;

import org.jspecify.annotations.NullMarked;
