package io.bucketfs.core.vfs;

/** Why the file system did not do what was asked; the protocol maps each to its status. */
public enum FsError {
  /** Not owner. */
  PERMISSION,
  /** The name or file does not exist. */
  NOT_FOUND,
  /** Data cannot be read or written, for example a corrupt dirty extent. */
  IO,
  /** Mode bits, or the object store, deny it. */
  ACCESS,
  EXISTS,
  /** The operation would cross a mount. */
  CROSS_DEVICE,
  NOT_A_DIRECTORY,
  IS_A_DIRECTORY,
  INVALID,
  FILE_TOO_BIG,
  NO_SPACE,
  READ_ONLY,
  TOO_MANY_LINKS,
  NAME_TOO_LONG,
  /** The name is reserved, or is {@code .} or {@code ..}, or contains a slash or NUL. */
  BAD_NAME,
  NOT_EMPTY,
  QUOTA,
  /** The file behind a handle is gone. */
  STALE,
  /** A symlink where a file is needed. */
  IS_A_SYMLINK,
  /** Neither file, directory nor symlink, where one is needed. */
  WRONG_TYPE,
  /** There is neither data nor a hole where one was looked for: the offset is not in the file. */
  NO_SUCH_OFFSET,
  /** The file has no extended attribute of that name. */
  NO_XATTR,
  /** The value of an extended attribute, or all of them together, would be too large. */
  XATTR_TOO_BIG,
  /** Not now: the client asks again, nothing was changed. */
  DELAY,
  NOT_SUPPORTED
}
