package io.bucketfs.core.mount;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When a mount looks again at what it knows of its bucket, and what of it counts.
 *
 * @param interval what is in use is compared with the bucket once it was not for this long; zero is
 *     at every open and lookup, null is never
 * @param strict whether who uses it waits for that; else he gets what is known and the next one
 *     gets what was found
 * @param imported which changes of others are taken over once a directory is known
 */
public record RefreshPolicy(@Nullable Duration interval, boolean strict, Imported imported) {
  /** What holds where nothing is said. */
  public static final RefreshPolicy DEFAULT =
      new RefreshPolicy(Duration.ofSeconds(30), false, Imported.ALL);

  /**
   * Which changes of others are taken over.
   *
   * @param created objects under new keys
   * @param changed new versions of objects
   * @param deleted that objects are gone
   */
  public record Imported(boolean created, boolean changed, boolean deleted) {
    public static final Imported ALL = new Imported(true, true, true);
  }
}
