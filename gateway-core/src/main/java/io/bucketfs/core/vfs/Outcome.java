package io.bucketfs.core.vfs;

/** What a change of the file system came to, as its {@link Rider} is told. */
public sealed interface Outcome
    permits ChangeInfo, FileSystem.Created, FileSystem.Renamed, FileSystem.Copied {}
