package io.bucketfs.core.object;

import io.bucketfs.core.vfs.FileType;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * POSIX attributes as user metadata of an object. Written in the form of FSx for Lustre and S3
 * Files; read also as s3fs, rclone, gsutil and s3sync write them. Each attribute is taken from the
 * first form that has a valid value for it, else from the defaults.
 *
 * <p>The other tools' forms are not foreign metadata: a rewrite replaces them by ours, since left
 * as they are they would contradict it.
 */
public final class PosixMetadata {
  /** Whose write it was: see CORRECTNESS 13. */
  public static final String TOKEN = "bucketfs-token";

  private static final String LINK = "bucketfs-link";
  private static final String OWNER = "file-owner";
  private static final String GROUP = "file-group";
  private static final String PERMISSIONS = "file-permissions";
  private static final String MTIME = "file-mtime";
  private static final String DEVICE = "file-rdev";
  private static final String GOOG = "goog-reserved-";

  private static final Set<String> KNOWN =
      Set.of(
          TOKEN,
          LINK,
          OWNER,
          GROUP,
          PERMISSIONS,
          MTIME,
          DEVICE,
          "uid",
          "gid",
          "mode",
          "mtime",
          GOOG + "posix-uid",
          GOOG + "posix-gid",
          GOOG + "posix-mode",
          GOOG + "file-mtime",
          "owner",
          "group",
          "permissions");

  private static final int NUMBER_LENGTH_MAX = 40;
  private static final long ID_MAX = 0xffff_fffeL;

  private PosixMetadata() {}

  /**
   * What an object's metadata say.
   *
   * @param foreign user metadata that is none of ours
   * @param token the token of the write that made it; null where it was not a gateway's
   * @param any whether there was any POSIX metadata at all
   */
  public record Decoded(
      PosixAttributes attributes,
      Map<String, String> foreign,
      @Nullable String token,
      boolean any) {}

  /** The metadata of an object with these attributes, beside those that are not ours. */
  public static Map<String, String> encode(
      PosixAttributes attributes, @Nullable String token, Map<String, String> foreign) {
    var metadata = new LinkedHashMap<>(foreign);
    metadata.put(OWNER, Integer.toUnsignedString(attributes.uid()));
    metadata.put(GROUP, Integer.toUnsignedString(attributes.gid()));
    metadata.put(
        PERMISSIONS,
        String.format(Locale.ROOT, "%07o", attributes.type().modeBits() | attributes.mode()));
    metadata.put(MTIME, attributes.modifyNanos() + "ns");
    if (isDevice(attributes.type())) {
      metadata.put(DEVICE, attributes.deviceMajor() + ":" + attributes.deviceMinor());
    }
    if (attributes.linkId() != null) {
      metadata.put(LINK, attributes.linkId());
    }
    if (token != null) {
      metadata.put(TOKEN, token);
    }
    attributes.xattrs().encode(metadata);
    return metadata;
  }

  /** The metadata of an object whose attributes do not travel with it. */
  public static Map<String, String> encode(@Nullable String token, Map<String, String> foreign) {
    var metadata = new LinkedHashMap<>(foreign);
    if (token != null) {
      metadata.put(TOKEN, token);
    }
    return metadata;
  }

  /**
   * What survives a rewrite where attributes do not travel with objects: all but our token and the
   * times, which would be wrong then.
   */
  public static Map<String, String> leftAlone(Map<String, String> metadata) {
    var left = new HashMap<>(metadata);
    left.remove(TOKEN);
    left.remove(MTIME);
    left.remove("mtime");
    left.remove(GOOG + "file-mtime");
    return Map.copyOf(left);
  }

  private static boolean isDevice(FileType type) {
    return type == FileType.BLOCK_DEVICE || type == FileType.CHARACTER_DEVICE;
  }

  /**
   * Reads metadata.
   *
   * @param defaults what holds where they say nothing; a type in them is replaced only by a mode
   *     that carries one
   */
  public static Decoded decode(Map<String, String> metadata, PosixAttributes defaults) {
    var foreign = new HashMap<String, String>();
    metadata.forEach((name, value) -> {
      if (!KNOWN.contains(name) && !Xattrs.isEncoded(name, value)) {
        foreign.put(name, value);
      }
    });
    var uid = id(metadata, OWNER, "uid", GOOG + "posix-uid", "owner");
    var gid = id(metadata, GROUP, "gid", GOOG + "posix-gid", "group");
    var mode = mode(metadata);
    var mtime = modifyNanos(metadata);
    var type =
        mode.isPresent() && (mode.getAsInt() & 0170000) != 0
            ? FileType.ofMode(mode.getAsInt())
            : defaults.type();
    var device = isDevice(type) ? device(metadata.get(DEVICE)) : NO_DEVICE;
    var any = uid.isPresent() || gid.isPresent() || mode.isPresent() || mtime.isPresent();
    var xattrs = Xattrs.decode(metadata);
    var attributes =
        new PosixAttributes(
            type,
            mode.orElse(defaults.mode()) & 07777,
            uid.orElse(defaults.uid()),
            gid.orElse(defaults.gid()),
            mtime.orElse(defaults.modifyNanos()),
            device.major,
            device.minor,
            metadata.get(LINK),
            any || !xattrs.isEmpty() ? xattrs : defaults.xattrs());
    return new Decoded(attributes, Map.copyOf(foreign), metadata.get(TOKEN), any);
  }

  private static OptionalInt id(Map<String, String> metadata, String... names) {
    for (var name : names) {
      var value = parse(metadata.get(name), 10);
      if (value.isPresent() && value.getAsLong() <= ID_MAX) {
        return OptionalInt.of((int) value.getAsLong());
      }
    }
    return OptionalInt.empty();
  }

  private static OptionalInt mode(Map<String, String> metadata) {
    var own = octalMode(metadata.get(PERMISSIONS));
    if (own.isPresent()) {
      return own;
    }
    var anyBase = baseZero(metadata.get("mode"));
    if (anyBase.isPresent()) {
      return anyBase;
    }
    var google = octalMode(metadata.get(GOOG + "posix-mode"));
    return google.isPresent() ? google : octalMode(metadata.get("permissions"));
  }

  private static OptionalInt octalMode(@Nullable String text) {
    return asMode(parse(text, 8));
  }

  /** As C's strtol with base 0: s3fs writes decimal, rclone octal with a leading zero. */
  private static OptionalInt baseZero(@Nullable String text) {
    if (text == null) {
      return OptionalInt.empty();
    }
    if (text.startsWith("0x") || text.startsWith("0X")) {
      return asMode(parse(text.substring(2), 16));
    }
    return asMode(parse(text, text.startsWith("0") ? 8 : 10));
  }

  private static OptionalInt asMode(OptionalLong value) {
    return value.isPresent() && value.getAsLong() <= 0177777
        ? OptionalInt.of((int) value.getAsLong())
        : OptionalInt.empty();
  }

  private static OptionalLong modifyNanos(Map<String, String> metadata) {
    var own = metadata.get(MTIME);
    if (own != null) {
      var nanos =
          own.endsWith("ns") ? scaled(own.substring(0, own.length() - 2), 0) : scaled(own, 6);
      if (nanos.isPresent()) {
        return nanos;
      }
    }
    var seconds = scaled(metadata.get("mtime"), 9);
    return seconds.isPresent() ? seconds : scaled(metadata.get(GOOG + "file-mtime"), 9);
  }

  /** A decimal number times a power of ten, as a whole number. */
  private static OptionalLong scaled(@Nullable String text, int power) {
    // The length and the exponent are bounded, so that "1e999999999" costs nothing.
    if (text == null || text.length() > NUMBER_LENGTH_MAX || !text.matches("-?\\d+(\\.\\d*)?")) {
      return OptionalLong.empty();
    }
    var nanos = new BigDecimal(text).scaleByPowerOfTen(power).toBigInteger();
    return nanos.bitLength() < Long.SIZE
        ? OptionalLong.of(nanos.longValue())
        : OptionalLong.empty();
  }

  /** A number without sign. */
  private static OptionalLong parse(@Nullable String text, int radix) {
    if (text == null || text.isEmpty() || Character.digit(text.charAt(0), radix) < 0) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseLong(text, radix));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  private record Device(int major, int minor) {}

  private static final Device NO_DEVICE = new Device(0, 0);

  private static Device device(@Nullable String text) {
    var colon = text == null ? -1 : text.indexOf(':');
    if (text == null || colon < 0) {
      return NO_DEVICE;
    }
    var major = parse(text.substring(0, colon), 10);
    var minor = parse(text.substring(colon + 1), 10);
    return major.isPresent()
            && minor.isPresent()
            && major.getAsLong() <= Integer.MAX_VALUE
            && minor.getAsLong() <= Integer.MAX_VALUE
        ? new Device((int) major.getAsLong(), (int) minor.getAsLong())
        : NO_DEVICE;
  }
}
