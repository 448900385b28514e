package io.bucketfs.app.config;

import io.bucketfs.core.mount.ConflictPolicy;

/** What becomes of conflicts, as people write it. */
public final class ConflictText {
  /** Stands for no bound. */
  public static final String NONE = "none";

  private ConflictText() {}

  /** How long files stay in lost+found. */
  public static String lifetime(ConflictPolicy policy) {
    var lifetime = policy.lostAndFoundLifetime();
    return lifetime == null ? NONE : Durations.format(lifetime);
  }

  /** What they may have together. */
  public static String size(ConflictPolicy policy) {
    var bytes = policy.lostAndFoundBytesMax();
    return bytes == Long.MAX_VALUE ? NONE : ByteSizes.format(bytes).replace(" ", "");
  }
}
