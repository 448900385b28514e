package io.bucketfs.nfs.attr;

import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.FileSystemStatistics;
import io.bucketfs.nfs.export.Handle;
import org.jspecify.annotations.Nullable;

/**
 * An object with everything that its attributes on the wire are made of.
 *
 * @param fsidMajor first half of the fsid
 * @param fsidMinor second half of the fsid
 * @param fileId its number inside its fsid, never 0
 * @param mountedOnFileId the number of the directory that it covers; its own where it is no root
 * @param statistics null where they are not asked for
 */
public record Described(
    Handle handle,
    Attributes attributes,
    long fsidMajor,
    long fsidMinor,
    long fileId,
    long mountedOnFileId,
    @Nullable FileSystemStatistics statistics) {}
