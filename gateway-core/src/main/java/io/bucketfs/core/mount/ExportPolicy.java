package io.bucketfs.core.mount;

import java.util.Optional;

/**
 * When a mount's files are exported, and how fast.
 *
 * @param trigger what a client does that waits for the bucket
 * @param bytesPerSecondMax what is sent to the bucket in a second, on average; {@link #NO_LIMIT}
 *     for whatever it takes
 */
public record ExportPolicy(Trigger trigger, long bytesPerSecondMax) {
  public static final long NO_LIMIT = Long.MAX_VALUE;

  /** Below this, requests would stand still for so long that stores give them up. */
  public static final long BYTES_PER_SECOND_MIN = 64 << 10;

  /** What holds where nothing is said. */
  public static final ExportPolicy DEFAULT = new ExportPolicy(Trigger.ON_IDLE, NO_LIMIT);

  public ExportPolicy {
    if (bytesPerSecondMax < BYTES_PER_SECOND_MIN) {
      throw new IllegalArgumentException("the bandwidth of exports is too small");
    }
  }

  /** What a client does whose reply comes only when the file is in the bucket. */
  public enum Trigger {
    /** Nothing: files are exported in the background. */
    ON_IDLE("on-idle"),
    /** To close a file that was written. */
    ON_CLOSE("on-close"),
    /** To make a file's data stable, and to close it. */
    ON_FSYNC("on-fsync");

    private final String text;

    Trigger(String text) {
      this.text = text;
    }

    /** As people write it. */
    public String text() {
      return text;
    }

    /** The trigger of this name. */
    public static Optional<Trigger> of(String text) {
      for (var trigger : values()) {
        if (trigger.text.equals(text)) {
          return Optional.of(trigger);
        }
      }
      return Optional.empty();
    }
  }
}
