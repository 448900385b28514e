package io.bucketfs.app.config;

import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Sizes as people write them: {@code 512MiB}, {@code 10GiB}, {@code 2TB}. Units with an i, and
 * single letters, are powers of 1,024; {@code kB} to {@code TB} are powers of 1,000.
 */
public final class ByteSizes {
  /** What a message says a size looks like. */
  public static final String FORM = "a size such as 512MiB or 10GiB";

  private static final Pattern PATTERN =
      Pattern.compile("([0-9]{1,15})\\s*(b|[kmgt]|[kmgt]b|[kmgt]ib)?");

  private static final String PREFIXES = "kmgt";

  private static final List<String> UNITS = List.of("KiB", "MiB", "GiB", "TiB", "PiB", "EiB");

  private ByteSizes() {}

  /** The number of bytes, or empty where the text is no size or is past a long. */
  public static OptionalLong parse(String text) {
    var matcher = PATTERN.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      return OptionalLong.empty();
    }
    var unit = matcher.group(2);
    try {
      return OptionalLong.of(
          Math.multiplyExact(Long.parseLong(matcher.group(1)), unit == null ? 1 : factor(unit)));
    } catch (ArithmeticException _) {
      return OptionalLong.empty();
    }
  }

  /** The size with a binary unit and at most one decimal: {@code 1.5 GiB}. */
  public static String format(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    var power = (63 - Long.numberOfLeadingZeros(bytes)) / 10;
    var value = bytes / (double) (1L << (10 * power));
    var text = String.format(Locale.ROOT, "%.1f", value);
    return (text.endsWith(".0") ? text.substring(0, text.length() - 2) : text)
        + " "
        + UNITS.get(power - 1);
  }

  private static long factor(String unit) {
    var power = PREFIXES.indexOf(unit.charAt(0)) + 1;
    var base = unit.length() == 2 ? 1000L : 1024L;
    var factor = 1L;
    for (var i = 0; i < power; i++) {
      factor *= base;
    }
    return factor;
  }
}
