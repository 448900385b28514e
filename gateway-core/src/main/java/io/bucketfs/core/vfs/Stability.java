package io.bucketfs.core.vfs;

/**
 * How durable a write is to be, or has become (RFC 8881, 18.32.3), in the order of the protocol.
 */
public enum Stability {
  UNSTABLE,
  DATA_SYNC,
  FILE_SYNC
}
