package io.bucketfs.core.writeback;

import io.bucketfs.core.store.InodeKey;

/**
 * What may differ from the bucket: an inode, or a key that may have to go.
 *
 * @param inode number of the inode; 0 where a key is meant
 * @param key the key; empty where an inode is meant
 */
record Subject(int mount, long inode, String key) {
  static Subject of(InodeKey inode) {
    return new Subject(inode.mount(), inode.number(), "");
  }

  static Subject of(int mount, String key) {
    return new Subject(mount, 0, key);
  }

  boolean isInode() {
    return inode != 0;
  }

  InodeKey inodeKey() {
    return new InodeKey(mount, inode);
  }
}
