package io.bucketfs.core.store;

/** A name in a directory. */
public record DirentKey(int mount, long directory, String name) {}
