package io.bucketfs.core.namespace;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;

/** Which names a client may make. */
final class Names {
  static final int NAME_BYTES_MAX = 255;

  /** What S3 takes as a key. */
  static final int KEY_BYTES_MAX = 1_024;

  /** Names in a mount's root that begin so are the gateway's own. */
  private static final String RESERVED = ".bucketfs";

  private Names() {}

  static void requireGood(String name) throws FileSystemException {
    if (name.isEmpty()) {
      throw new FileSystemException(FsError.INVALID);
    }
    if (name.equals(".") || name.equals("..")) {
      throw new FileSystemException(FsError.BAD_NAME);
    }
    for (var i = 0; i < name.length(); i++) {
      var c = name.charAt(i);
      if (c == '/' || c == 0) {
        throw new FileSystemException(FsError.BAD_NAME);
      }
    }
    if (length(name) > NAME_BYTES_MAX) {
      throw new FileSystemException(FsError.NAME_TOO_LONG);
    }
  }

  static boolean isReserved(boolean inRoot, String name) {
    return inRoot && name.startsWith(RESERVED);
  }

  static void requireKeyFits(String key) throws FileSystemException {
    if (length(key) > KEY_BYTES_MAX) {
      throw new FileSystemException(
          FsError.NAME_TOO_LONG, "an object key has at most " + KEY_BYTES_MAX + " bytes");
    }
  }

  private static int length(String text) {
    // Each char is at most three bytes of UTF-8: most names need no encoding to be measured.
    return text.length() * 3 <= NAME_BYTES_MAX ? text.length() : text.getBytes(UTF_8).length;
  }

  /** Fails where no extended attribute may have a name. */
  static void requireXattr(String name, int bytesMax) throws FileSystemException {
    if (name.isEmpty() || name.indexOf('\0') >= 0) {
      throw new FileSystemException(FsError.BAD_NAME);
    }
    if (name.getBytes(UTF_8).length > bytesMax) {
      throw new FileSystemException(FsError.NAME_TOO_LONG);
    }
  }
}
