package io.bucketfs.nfs.state;

/** A range that is locked, and by whom. */
public record HeldLock(LockState holder, ByteRange range, boolean exclusive) {}
