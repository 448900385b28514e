package io.bucketfs.core.mount;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.object.KeyRules;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a mount must fulfil. Each answer is null, or says what is wrong and what to do. */
public final class MountRules {
  private static final int MODE_MAX = 07777;

  private MountRules() {}

  /** Whether a name can stand under the pseudo-root. */
  public static @Nullable String wrongName(String name) {
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      return "a mount needs a name";
    }
    if (name.indexOf('/') >= 0 || name.indexOf('\0') >= 0) {
      return "the name must not contain a slash or NUL: " + name;
    }
    return name.getBytes(UTF_8).length > KeyRules.NAME_BYTES_MAX
        ? "the name must have at most " + KeyRules.NAME_BYTES_MAX + " bytes"
        : null;
  }

  /** Whether a prefix can be the root of a mount. */
  public static @Nullable String wrongPrefix(String prefix) {
    if (prefix.isEmpty()) {
      return null;
    }
    if (!prefix.endsWith("/") || prefix.startsWith("/")) {
      return "the prefix must end in a slash and not begin with one: " + prefix;
    }
    return KeyRules.fits(prefix) ? null : "the prefix is too long";
  }

  /** Whether a policy makes sense. */
  public static @Nullable String wrongPolicy(Mount.Policy policy) {
    if (policy.writebackIdle().isNegative() || policy.writebackMaxAge().isNegative()) {
      return "write-back times must not be negative";
    }
    var refresh = policy.refresh().interval();
    if (refresh != null && refresh.isNegative()) {
      return "refresh must not be negative";
    }
    var expiry = policy.retention().expiryDays();
    if (expiry < Retention.EXPIRY_DAYS_MIN || expiry > Retention.EXPIRY_DAYS_MAX) {
      return "expiry-days must be from 1 to 365";
    }
    if ((policy.defaultFileMode() & ~MODE_MAX) != 0
        || (policy.defaultDirectoryMode() & ~MODE_MAX) != 0) {
      return "default modes are four octal digits";
    }
    return null;
  }

  /** Whether a quota makes sense. */
  public static @Nullable String wrongQuota(Quota quota) {
    return quota.bytesMax() < 1 || quota.inodesMax() < 1 ? "a quota must be at least 1" : null;
  }

  /** Whether two mounts show some of the same objects and one of them may change them. */
  public static boolean collide(
      BucketLocation location, String prefix, boolean readOnly, Mount other) {
    if (readOnly && other.policy().readOnly()) {
      return false;
    }
    var there = other.location();
    return location.bucket().equals(there.bucket())
        && Objects.equals(location.endpoint(), there.endpoint())
        && (prefix.startsWith(other.prefix()) || other.prefix().startsWith(prefix));
  }
}
