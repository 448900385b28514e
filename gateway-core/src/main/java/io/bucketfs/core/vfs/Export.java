package io.bucketfs.core.vfs;

import io.bucketfs.core.access.Access;

/**
 * A mount as clients see it under the pseudo-root.
 *
 * @param name the single path component under the pseudo-root
 * @param root its root directory
 * @param fileSystemId distinguishes it from all other mounts, stable over restarts, never 0
 * @param readOnly whether changes answer {@link FsError#READ_ONLY}
 * @param access who may use it
 */
public record Export(
    String name, FileId root, long fileSystemId, boolean readOnly, Access access) {}
