package io.bucketfs.core.mount;

import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a file that was changed here and in the bucket.
 *
 * @param winner whose version has the name afterwards
 * @param lostAndFoundLifetime after which a file in lost+found goes; null for never
 * @param lostAndFoundBytesMax what all files in lost+found may have together; above it the oldest
 *     go
 */
public record ConflictPolicy(
    Winner winner, @Nullable Duration lostAndFoundLifetime, long lostAndFoundBytesMax) {
  /** Who wins. */
  public enum Winner {
    /** The bucket's version has the name; ours moves to lost+found. */
    S3_WINS("s3-wins"),
    /** The bucket's version has the name; ours is exported beside it. */
    KEEP_BOTH("keep-both"),
    /** Ours is written over the bucket's. */
    LOCAL_WINS("local-wins");

    private final String text;

    Winner(String text) {
      this.text = text;
    }

    /** As it stands in settings. */
    public String text() {
      return text;
    }

    /** The one that a setting names. */
    public static Optional<Winner> of(String text) {
      return Arrays.stream(values()).filter(winner -> winner.text.equals(text)).findFirst();
    }
  }

  /** The bucket wins, and nothing in lost+found is ever deleted. */
  public static final ConflictPolicy DEFAULT =
      new ConflictPolicy(Winner.S3_WINS, null, Long.MAX_VALUE);

  public ConflictPolicy {
    if (lostAndFoundBytesMax < 0
        || (lostAndFoundLifetime != null && lostAndFoundLifetime.isNegative())) {
      throw new IllegalArgumentException("lost+found has no negative bounds");
    }
  }

  /** The same with another winner. */
  public ConflictPolicy with(Winner other) {
    return new ConflictPolicy(other, lostAndFoundLifetime, lostAndFoundBytesMax);
  }
}
