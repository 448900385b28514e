package io.bucketfs.app.config;

import io.bucketfs.core.mount.ObjectPolicy;
import io.bucketfs.core.object.Encryption;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How the objects of a mount are written, as people write it. */
public final class ObjectText {
  /** Stands for what the bucket or the store does by itself. */
  public static final String DEFAULT = "default";

  static final String STANDARD = "STANDARD";
  static final String OF_STORE = "s3";
  static final String KMS = "kms";
  static final String ENCRYPTIONS = "default, s3 or kms";

  private static final Pattern STORAGE_CLASS = Pattern.compile("[A-Z][A-Z0-9_-]{0,63}");
  private static final Pattern CONTENT_TYPE =
      Pattern.compile("[\\w.+-]{1,64}/[\\w.+-]{1,64}(; ?[\\w.+-]{1,64}=[\\w.+-]{1,64})?");
  private static final Pattern KEY = Pattern.compile("[\\w:/+=,.@-]{1,2048}");

  private ObjectText() {}

  /** The storage class of new objects. */
  public static String storageClass(ObjectPolicy policy) {
    return policy.storageClass() == null ? STANDARD : policy.storageClass();
  }

  /** How the store encrypts. */
  public static String encryption(ObjectPolicy policy) {
    return switch (policy.encryption()) {
      case Encryption.OfBucket _ -> DEFAULT;
      case Encryption.OfStore _ -> OF_STORE;
      case Encryption.Kms _ -> KMS;
    };
  }

  /** The key that it encrypts with; null where that is not said. */
  public static @Nullable String kmsKey(ObjectPolicy policy) {
    return policy.encryption() instanceof Encryption.Kms(var keyId) ? keyId : null;
  }

  /** From which size on files are written in parts. */
  public static String threshold(ObjectPolicy policy) {
    return policy.multipartThreshold() == 0
        ? DEFAULT
        : ByteSizes.format(policy.multipartThreshold());
  }

  static boolean isStorageClass(String text) {
    return STORAGE_CLASS.matcher(text).matches();
  }

  static boolean isContentType(String text) {
    return text.equals(ObjectPolicy.GUESSED)
        || text.equals(ObjectPolicy.UNSAID)
        || CONTENT_TYPE.matcher(text).matches();
  }

  static boolean isKmsKey(String text) {
    return KEY.matcher(text).matches();
  }

  /** Reads a threshold, 0 for the default; empty where the text is none. */
  static Optional<Long> threshold(String text) {
    if (text.equals(DEFAULT)) {
      return Optional.of(0L);
    }
    var bytes = ByteSizes.parse(text);
    return bytes.isEmpty()
            || bytes.getAsLong() < ObjectPolicy.THRESHOLD_MIN
            || bytes.getAsLong() > ObjectPolicy.THRESHOLD_MAX
        ? Optional.empty()
        : Optional.of(bytes.getAsLong());
  }
}
