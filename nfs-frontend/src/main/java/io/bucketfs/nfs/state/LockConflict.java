package io.bucketfs.nfs.state;

/** A lock that is in the way: who holds it, and where. */
public record LockConflict(LockState holder, ByteRange range, boolean exclusive) {}
