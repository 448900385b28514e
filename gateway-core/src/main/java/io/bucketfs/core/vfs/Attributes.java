package io.bucketfs.core.vfs;

/**
 * What a client may ask about an inode, as of one instant.
 *
 * @param id the inode
 * @param type its type
 * @param mode permission bits, 07777
 * @param linkCount number of names; for a directory 2 and one for each sub-directory
 * @param uid numeric owner
 * @param gid numeric group
 * @param sizeBytes length in bytes; for a symlink that of its target
 * @param usedBytes bytes that the file occupies, holes left out
 * @param change the NFS change attribute: strictly increasing (RFC 8881, 5.8.1.4)
 * @param accessNanos time of last access, nanoseconds since the epoch
 * @param modifyNanos time of last modification, nanoseconds since the epoch
 * @param changeNanos time of last metadata change, nanoseconds since the epoch
 * @param deviceMajor major number of a device, else 0
 * @param deviceMinor minor number of a device, else 0
 */
public record Attributes(
    FileId id,
    FileType type,
    int mode,
    int linkCount,
    int uid,
    int gid,
    long sizeBytes,
    long usedBytes,
    long change,
    long accessNanos,
    long modifyNanos,
    long changeNanos,
    int deviceMajor,
    int deviceMinor) {}
