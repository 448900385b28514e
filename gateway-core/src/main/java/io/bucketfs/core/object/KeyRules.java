package io.bucketfs.core.object;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.jspecify.annotations.Nullable;

/** Which keys are paths. Key = prefix + path, components divided by slashes. */
public final class KeyRules {
  /** Longest key that S3 takes, in bytes of UTF-8. */
  public static final int KEY_BYTES_MAX = 1_024;

  /** Longest name of a directory entry, in bytes of UTF-8. */
  public static final int NAME_BYTES_MAX = 255;

  /** Names in a mount's root that start with this are ours. */
  public static final String RESERVED = ".bucketfs";

  /** Where versions are kept that lost against the bucket. */
  public static final String LOST_AND_FOUND = ".bucketfs-lost+found";

  private KeyRules() {}

  /**
   * Why a key cannot be shown, or null where it can.
   *
   * @param relative the key below the mount's prefix; a directory's marker ends in a slash
   */
  public static @Nullable String unmappedReason(String relative) {
    if (relative.isEmpty()) {
      return "empty name";
    }
    if (relative.startsWith("/")) {
      return "begins with a slash";
    }
    if (!isUnicode(relative)) {
      return "not valid UTF-8";
    }
    var path = relative.endsWith("/") ? relative.substring(0, relative.length() - 1) : relative;
    for (var from = 0; from <= path.length(); ) {
      var slash = path.indexOf('/', from);
      var to = slash < 0 ? path.length() : slash;
      var reason = componentReason(path.substring(from, to), from == 0);
      if (reason != null) {
        return reason;
      }
      from = to + 1;
    }
    return null;
  }

  private static @Nullable String componentReason(String name, boolean inRoot) {
    if (name.isEmpty()) {
      return "contains an empty component (//)";
    }
    if (name.equals(".") || name.equals("..")) {
      return "contains the component " + name;
    }
    if (name.indexOf('\0') >= 0) {
      return "contains a NUL";
    }
    if (name.getBytes(UTF_8).length > NAME_BYTES_MAX) {
      return "a component is longer than " + NAME_BYTES_MAX + " bytes";
    }
    return inRoot && name.startsWith(RESERVED)
        ? "names beginning with .bucketfs are reserved"
        : null;
  }

  /** Whether the text has no half of a surrogate pair, and so has a form in UTF-8. */
  private static boolean isUnicode(String text) {
    for (var i = 0; i < text.length(); i++) {
      var unit = text.charAt(i);
      if (Character.isHighSurrogate(unit)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(unit)) {
        return false;
      }
    }
    return true;
  }

  /** Whether S3 takes a key of this length. */
  public static boolean fits(String key) {
    return key.length() <= KEY_BYTES_MAX && key.getBytes(UTF_8).length <= KEY_BYTES_MAX;
  }
}
