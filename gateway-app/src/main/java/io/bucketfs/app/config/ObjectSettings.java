package io.bucketfs.app.config;

import io.bucketfs.core.mount.ObjectPolicy;
import io.bucketfs.core.object.Encryption;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads how the objects of a mount are written. */
final class ObjectSettings {
  private final Function<MountKey, @Nullable String> values;
  private final BiConsumer<MountKey, String> problem;

  /**
   * @param values the text of a key; null where it is not given
   * @param problem gets every mistake, as the end of a sentence
   */
  ObjectSettings(
      Function<MountKey, @Nullable String> values, BiConsumer<MountKey, String> problem) {
    this.values = values;
    this.problem = problem;
  }

  /**
   * @param present holds for what is not given
   */
  ObjectPolicy read(ObjectPolicy present) {
    return new ObjectPolicy(
        storageClass(present), encryption(present), contentType(present), threshold(present));
  }

  private @Nullable String storageClass(ObjectPolicy present) {
    var text = values.apply(MountKey.STORAGE_CLASS);
    if (text == null) {
      return present.storageClass();
    }
    if (!ObjectText.isStorageClass(text)) {
      wrong(MountKey.STORAGE_CLASS, "must be a storage class such as STANDARD_IA", text);
    }
    return text.equals(ObjectText.STANDARD) ? null : text;
  }

  private Encryption encryption(ObjectPolicy present) {
    var kind = values.apply(MountKey.ENCRYPTION);
    var key = values.apply(MountKey.KMS_KEY);
    if (key != null && !key.equals(ObjectText.DEFAULT) && !ObjectText.isKmsKey(key)) {
      wrong(MountKey.KMS_KEY, "must be the id, the alias or the ARN of a key, or default", key);
    }
    var wanted = kind == null ? ObjectText.encryption(present) : kind;
    return switch (wanted) {
      case ObjectText.KMS -> new Encryption.Kms(key(key, present));
      case ObjectText.DEFAULT, ObjectText.OF_STORE -> {
        if (key != null) {
          problem.accept(MountKey.KMS_KEY, "goes only with encryption kms");
        }
        yield wanted.equals(ObjectText.OF_STORE) ? new Encryption.OfStore() : Encryption.OF_BUCKET;
      }
      default -> {
        wrong(MountKey.ENCRYPTION, "must be " + ObjectText.ENCRYPTIONS, wanted);
        yield present.encryption();
      }
    };
  }

  private static @Nullable String key(@Nullable String given, ObjectPolicy present) {
    if (given == null) {
      return ObjectText.kmsKey(present);
    }
    return given.equals(ObjectText.DEFAULT) ? null : given;
  }

  private String contentType(ObjectPolicy present) {
    var text = values.apply(MountKey.CONTENT_TYPE);
    if (text == null) {
      return present.contentType();
    }
    if (!ObjectText.isContentType(text)) {
      wrong(MountKey.CONTENT_TYPE, "must be guess, none, or a type such as text/plain", text);
    }
    return text;
  }

  private long threshold(ObjectPolicy present) {
    var text = values.apply(MountKey.MULTIPART_THRESHOLD);
    if (text == null) {
      return present.multipartThreshold();
    }
    var bytes = ObjectText.threshold(text);
    if (bytes.isEmpty()) {
      wrong(MountKey.MULTIPART_THRESHOLD, "must be a size from 5MiB to 5GiB, or default", text);
    }
    return bytes.orElse(present.multipartThreshold());
  }

  private void wrong(MountKey key, String complaint, String text) {
    problem.accept(key, complaint + ", but is '" + text + "'");
  }
}
