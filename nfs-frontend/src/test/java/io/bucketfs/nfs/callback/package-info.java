/** Tests of the calls to clients. */
@NullMarked
package io.bucketfs.nfs.callback;

import org.jspecify.annotations.NullMarked;
