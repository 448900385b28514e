package io.bucketfs.core.check;

import java.util.List;

/**
 * What a check looked at, and what it found.
 *
 * @param inodes that were checked
 * @param names that were checked
 * @param extents that were checked
 * @param records whose checksums were compared
 * @param bytes of those records
 * @param found how many things are wrong
 * @param findings the first of them
 */
public record CheckReport(
    long inodes,
    long names,
    long extents,
    long records,
    long bytes,
    long found,
    List<Finding> findings) {}
