package io.bucketfs.core.object;

import io.bucketfs.core.vfs.FileType;
import org.jspecify.annotations.Nullable;

/**
 * The POSIX attributes that travel with an object.
 *
 * @param mode permission bits, 07777
 * @param modifyNanos nanoseconds since the epoch
 * @param linkId what the names of one hard-linked file share; null for a file with one name
 * @param xattrs extended attributes
 */
public record PosixAttributes(
    FileType type,
    int mode,
    int uid,
    int gid,
    long modifyNanos,
    int deviceMajor,
    int deviceMinor,
    @Nullable String linkId,
    Xattrs xattrs) {

  /**
   * A stable 64-bit digest, never 0: two sets of attributes with the same digest need not be
   * exported again. The time of a directory is left out, since it moves with every child.
   */
  public long hash() {
    var hash = mixed(0x9e3779b97f4a7c15L, (long) type.modeBits() << 32 | mode);
    hash = mixed(hash, (long) uid << 32 | (gid & 0xffff_ffffL));
    hash = mixed(hash, type == FileType.DIRECTORY ? 0 : modifyNanos);
    hash = mixed(hash, (long) deviceMajor << 32 | (deviceMinor & 0xffff_ffffL));
    if (linkId != null) {
      for (var i = 0; i < linkId.length(); i++) {
        hash = mixed(hash, linkId.charAt(i));
      }
    }
    if (!xattrs.isEmpty()) {
      hash = mixed(hash, xattrs.hash());
    }
    return hash == 0 ? 1 : hash;
  }

  /** One round of the SplitMix64 finalizer. */
  private static long mixed(long hash, long value) {
    var next = (hash ^ value) * 0xbf58476d1ce4e5b9L;
    next = (next ^ next >>> 30) * 0x94d049bb133111ebL;
    return next ^ next >>> 31;
  }
}
