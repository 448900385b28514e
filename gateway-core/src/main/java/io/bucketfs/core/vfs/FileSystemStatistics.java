package io.bucketfs.core.vfs;

/** What {@code df} shows: bytes and inodes, in all, free, and available to the caller. */
public record FileSystemStatistics(
    long totalBytes,
    long freeBytes,
    long availableBytes,
    long totalFiles,
    long freeFiles,
    long availableFiles) {}
