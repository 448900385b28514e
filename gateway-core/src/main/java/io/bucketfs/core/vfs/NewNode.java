package io.bucketfs.core.vfs;

/** What CREATE makes: everything but a regular file (RFC 8881, 18.4). */
public sealed interface NewNode {
  record Directory() implements NewNode {}

  /** A symlink; the target is 1 to 4,096 bytes, not interpreted. */
  record Symlink(byte[] target) implements NewNode {}

  /** A FIFO, socket or device. */
  record Special(FileType type, int deviceMajor, int deviceMinor) implements NewNode {}
}
