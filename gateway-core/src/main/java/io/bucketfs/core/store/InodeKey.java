package io.bucketfs.core.store;

import io.bucketfs.core.vfs.FileId;

/** An inode inside the gateway; numbers are never used again, so it needs no generation. */
public record InodeKey(int mount, long number) {
  public static InodeKey of(FileId id) {
    return new InodeKey(id.mount(), id.inode());
  }
}
