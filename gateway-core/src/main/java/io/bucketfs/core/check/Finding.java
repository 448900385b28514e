package io.bucketfs.core.check;

/**
 * Something that is wrong in the local state.
 *
 * @param mount the mount's name; empty where it is not of one
 * @param subject what is wrong: a path, inode, key or extent file
 * @param detail in what way
 */
public record Finding(Kind kind, String mount, String subject, String detail) {
  /** What is wrong. */
  public enum Kind {
    /** A name leads to nothing, or the indexes of a name disagree. */
    NAME,
    /** An inode cannot be reached, or lacks what its type must have. */
    INODE,
    /** An inode has another number of names than its link count says. */
    LINK_COUNT,
    /** Something differs from the bucket, and nothing is going to export it. */
    DIRTY_QUEUE,
    /** Extents of a file overlap, or belong to nobody. */
    EXTENT,
    /** Who maps a record, or how much of a file is live, is not as the extents say. */
    REFERENCE,
    /** An extent file that is mapped is not there. */
    MISSING_FILE,
    /** A file lies between the extent files that is none. */
    STRAY_FILE,
    /** Bytes are damaged that S3 has too: they are fetched again when they are read. */
    DAMAGED_COPY,
    /** Bytes are damaged that S3 does not have: reading them fails. */
    DAMAGED_DATA,
    /** Parts of an upload are kept that has ended. */
    UPLOAD,
    /** How far a rename or removal of many objects is was counted wrong. */
    BULK,
    /**
     * Of a file with bytes here it is not known when it was used last: it does not expire. Or of a
     * file that is gone it is still known.
     */
    LAST_USE,
    /** What is kept on the local disk by order was noted wrong. */
    PIN,
    /** What a mount takes was counted wrong; it is right from now on. */
    USAGE
  }
}
