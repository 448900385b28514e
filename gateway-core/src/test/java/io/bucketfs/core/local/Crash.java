package io.bucketfs.core.local;

/** How a run of the gateway ends without notice. */
public enum Crash {
  /** The process is killed; the operating system keeps all that was written. */
  KILL,
  /** The machine loses power; only what was synced is sure to stay. */
  POWER
}
