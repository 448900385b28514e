package io.bucketfs.core.object;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Extended attributes of a file in the namespace {@code user.}, by their names without that prefix.
 * Immutable; arrays that go in or come out are not changed.
 *
 * <p>As user metadata of an object, {@code user.Origin = "a b"} is {@code xattr-.4frigin: 0sYSBi}:
 * S3 keeps names in lower case, so all but {@code a-z}, {@code 0-9} and {@code -} become a dot and
 * two hex digits for each byte; a value stands as it is where it consists of {@code
 * A-Za-z0-9._:/+=,@-} and does not begin with {@code 0s}, else behind {@code 0s} in base 64, as
 * getfattr writes it.
 */
public final class Xattrs {
  /** None. */
  public static final Xattrs NONE = new Xattrs(new TreeMap<>());

  /** What their metadata may take of the 2 KB that S3 has for all; the rest is for our own. */
  public static final int METADATA_BYTES_MAX = 1_664;

  private static final String PREFIX = "xattr-";
  private static final String BASE64 = "0s";
  private static final String PLAIN = "._:/+=,@-";

  /** Some stores count the header's prefix too. */
  private static final int HEADER_PREFIX_BYTES = "x-amz-meta-".length();

  private final NavigableMap<String, byte[]> values;

  private Xattrs(NavigableMap<String, byte[]> values) {
    this.values = values;
  }

  public boolean isEmpty() {
    return values.isEmpty();
  }

  public int size() {
    return values.size();
  }

  /** The value of a name, or null. */
  public byte @Nullable [] get(String name) {
    return values.get(name);
  }

  /** All names, sorted. */
  public List<String> names() {
    return List.copyOf(values.keySet());
  }

  /** Calls with each name and value, sorted by names. */
  public void forEach(BiConsumer<String, byte[]> action) {
    values.forEach(action);
  }

  /** These and one more, or another value for it. */
  public Xattrs with(String name, byte[] value) {
    var copy = new TreeMap<>(values);
    copy.put(name, value);
    return new Xattrs(copy);
  }

  /** These without one. */
  public Xattrs without(String name) {
    var copy = new TreeMap<>(values);
    copy.remove(name);
    return copy.isEmpty() ? NONE : new Xattrs(copy);
  }

  /** How many bytes they take as metadata of an object. */
  public int metadataBytes() {
    var bytes = 0;
    for (var entry : values.entrySet()) {
      bytes += metadataBytes(encodeName(entry.getKey()), encodeValue(entry.getValue()));
    }
    return bytes;
  }

  /** How many bytes some metadata take. */
  public static int metadataBytes(Map<String, String> metadata) {
    var bytes = 0;
    for (var entry : metadata.entrySet()) {
      bytes += metadataBytes(entry.getKey(), entry.getValue());
    }
    return bytes;
  }

  private static int metadataBytes(String name, String value) {
    return HEADER_PREFIX_BYTES + name.getBytes(UTF_8).length + value.getBytes(UTF_8).length;
  }

  void encode(Map<String, String> metadata) {
    values.forEach((name, value) -> metadata.put(encodeName(name), encodeValue(value)));
  }

  /** Whether this is metadata that {@link #encode} writes. */
  static boolean isEncoded(String name, String value) {
    return decodeName(name) != null && decodeValue(value) != null;
  }

  static Xattrs decode(Map<String, String> metadata) {
    var values = new TreeMap<String, byte[]>();
    metadata.forEach((name, value) -> {
      var decodedName = decodeName(name);
      var decodedValue = decodeValue(value);
      if (decodedName != null && decodedValue != null) {
        values.put(decodedName, decodedValue);
      }
    });
    return values.isEmpty() ? NONE : new Xattrs(values);
  }

  private static boolean isPlainInName(int c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  }

  private static String encodeName(String name) {
    var text = new StringBuilder(PREFIX);
    for (var b : name.getBytes(UTF_8)) {
      if (isPlainInName(b)) {
        text.append((char) b);
      } else {
        text.append('.');
        HexFormat.of().toHexDigits(text, b);
      }
    }
    return text.toString();
  }

  private static @Nullable String decodeName(String metadata) {
    if (!metadata.startsWith(PREFIX) || metadata.length() == PREFIX.length()) {
      return null;
    }
    var bytes = new byte[metadata.length()];
    var length = 0;
    for (var at = PREFIX.length(); at < metadata.length(); at++) {
      var c = metadata.charAt(at);
      if (isPlainInName(c)) {
        bytes[length++] = (byte) c;
      } else if (c == '.'
          && at + 2 < metadata.length()
          && HexFormat.isHexDigit(metadata.charAt(at + 1))
          && HexFormat.isHexDigit(metadata.charAt(at + 2))) {
        bytes[length++] = (byte) HexFormat.fromHexDigits(metadata, at + 1, at + 3);
        at += 2;
      } else {
        return null;
      }
    }
    var name = new String(bytes, 0, length, UTF_8);
    return encodeName(name).equals(metadata) ? name : null;
  }

  private static String encodeValue(byte[] value) {
    var text = new String(value, ISO_8859_1);
    var plain =
        !text.isEmpty()
            && !text.startsWith(BASE64)
            && text.chars()
                .allMatch(c ->
                    (c >= 'A' && c <= 'Z')
                        || (c >= 'a' && c <= 'z')
                        || (c >= '0' && c <= '9')
                        || PLAIN.indexOf(c) >= 0);
    return plain ? text : BASE64 + Base64.getEncoder().encodeToString(value);
  }

  private static byte @Nullable [] decodeValue(String text) {
    if (!text.startsWith(BASE64)) {
      return text.getBytes(UTF_8);
    }
    try {
      return Base64.getDecoder().decode(text.substring(BASE64.length()));
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  /** A stable digest of names and values; 0 where there are none. */
  long hash() {
    var hash = 0L;
    for (var entry : values.entrySet()) {
      hash = hash * 0x9e3779b97f4a7c15L + digest(entry.getKey().getBytes(UTF_8));
      hash = hash * 0x9e3779b97f4a7c15L + digest(entry.getValue());
    }
    return hash;
  }

  private static long digest(byte[] bytes) {
    var hash = 0xcbf29ce484222325L ^ bytes.length;
    for (var b : bytes) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    return hash ^ hash >>> 29;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Xattrs that
        && names().equals(that.names())
        && values.entrySet().stream()
            .allMatch(entry -> Arrays.equals(entry.getValue(), that.get(entry.getKey())));
  }

  @Override
  public int hashCode() {
    return Long.hashCode(hash());
  }

  @Override
  public String toString() {
    return "Xattrs" + values.keySet();
  }
}
