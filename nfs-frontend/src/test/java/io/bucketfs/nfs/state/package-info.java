/** Tests of protocol state. */
@NullMarked
package io.bucketfs.nfs.state;

import org.jspecify.annotations.NullMarked;
