package io.bucketfs.app.config;

import io.bucketfs.core.mount.ExportPolicy;
import java.util.OptionalLong;

/** When files are exported, and how fast, as people write it. */
public final class ExportText {
  /** Stands for no bound. */
  static final String NO_LIMIT = "none";

  static final String TRIGGERS = "on-idle, on-close or on-fsync";
  static final String RATE_FORM =
      ByteSizes.FORM
          + " for each second, at least "
          + ByteSizes.format(ExportPolicy.BYTES_PER_SECOND_MIN).replace(" ", "")
          + ", or none";

  private ExportText() {}

  /** What a client does that waits for the bucket. */
  public static String trigger(ExportPolicy policy) {
    return policy.trigger().text();
  }

  /** What goes to the bucket in a second. */
  public static String rate(ExportPolicy policy) {
    return policy.bytesPerSecondMax() == ExportPolicy.NO_LIMIT
        ? NO_LIMIT
        : ByteSizes.format(policy.bytesPerSecondMax());
  }

  /** Reads bytes per second; empty where the text is no rate. */
  static OptionalLong rate(String text) {
    if (text.equals(NO_LIMIT)) {
      return OptionalLong.of(ExportPolicy.NO_LIMIT);
    }
    var bytes = ByteSizes.parse(text);
    return bytes.isPresent() && bytes.getAsLong() >= ExportPolicy.BYTES_PER_SECOND_MIN
        ? bytes
        : OptionalLong.empty();
  }
}
