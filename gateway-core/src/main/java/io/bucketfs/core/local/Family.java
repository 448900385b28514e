package io.bucketfs.core.local;

/**
 * The kinds of metadata, each a key space of its own (a column family of RocksDB). Names are part
 * of the on-disk format.
 */
public enum Family {
  /** Gateway-wide values: epoch, counters, log floor. */
  GATEWAY,
  /** mount number → mount, with its store's traits. */
  MOUNTS,
  /** mount, inode → inode. */
  INODES,
  /** mount, directory, name → child inode, type, cookie. */
  DIRENTS,
  /** mount, directory, cookie → name. */
  COOKIES,
  /** mount, inode, directory, name → nothing: all names of an inode. */
  LINKS,
  /** mount, content, offset → extent. */
  EXTENTS,
  /** extent file, position, mount, content, offset → inode: who maps the record. */
  REFERENCES,
  /** extent file → live bytes. */
  FILES,
  /** extent file, position → the bytes of a small record whose extent file is not synced yet. */
  REDO,
  /** mount, key → last known state of the object. */
  REMOTE,
  /** mount, inode → since when and why it differs from the bucket. */
  DIRTY,
  /** mount, key (or prefix) → the bucket holds something there that the namespace may not. */
  STALE,
  /** mount, key → request that is on its way. */
  JOBS,
  /** mount, key → multipart upload that is neither completed nor aborted. */
  UPLOADS,
  /** mount, upload, part number → part that the bucket has. */
  PARTS,
  /** mount, number → a rename or removal of many objects, and how far it is. */
  BULK,
  /** mount, inode → day on which somebody last used what is here of a file. */
  READS,
  /** mount, inode → what an operator keeps here. */
  PINS,
  /** mount, content → contents to be freed. */
  ORPHANS,
  /** mount, time, name → a conflict that was resolved, for the report. */
  CONFLICTS,
  /** mount, key → why it cannot be shown as a file. */
  UNMAPPED,
  /** mount → bytes and inodes that it takes. */
  USAGE,
  /** The protocol's own records: clients that may reclaim. */
  PROTOCOL,
  /** What outlives the process but not a loss of power: sessions, opens, locks, replies. */
  NOTES
}
