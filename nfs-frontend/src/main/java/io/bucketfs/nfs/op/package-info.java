/**
 * The operations of a COMPOUND, one record each: its arguments, how they are read, what it does.
 */
@NullMarked
package io.bucketfs.nfs.op;

import org.jspecify.annotations.NullMarked;
