package io.bucketfs.s3;

import io.bucketfs.core.object.Encryption;
import io.bucketfs.core.object.ObjectHeaders;
import io.bucketfs.core.object.Placement;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.GetObjectTaggingResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;
import software.amazon.awssdk.services.s3.model.Tag;
import software.amazon.awssdk.services.s3.model.Tagging;

/**
 * Headers, encryption and tags of objects in the SDK's words. What is not said is not sent: there
 * are stores that refuse a header which they do not know. {@code Expires} is no part of it: it goes
 * as it came, since the SDK takes only what it can read.
 */
final class Placements {
  private static final String STANDARD = "STANDARD";

  private Placements() {}

  static void say(PutObjectRequest.Builder request, Placement placement) {
    var headers = placement.headers();
    request
        .cacheControl(headers.cacheControl())
        .contentDisposition(headers.contentDisposition())
        .contentEncoding(headers.contentEncoding())
        .contentLanguage(headers.contentLanguage())
        .storageClass(headers.storageClass())
        .serverSideEncryption(encryption(placement))
        .ssekmsKeyId(keyId(placement));
    if (!placement.tags().isEmpty()) {
      request.tagging(tagging(placement));
    }
  }

  static void say(CreateMultipartUploadRequest.Builder request, Placement placement) {
    var headers = placement.headers();
    request
        .cacheControl(headers.cacheControl())
        .contentDisposition(headers.contentDisposition())
        .contentEncoding(headers.contentEncoding())
        .contentLanguage(headers.contentLanguage())
        .storageClass(headers.storageClass())
        .serverSideEncryption(encryption(placement))
        .ssekmsKeyId(keyId(placement));
    if (!placement.tags().isEmpty()) {
      request.tagging(tagging(placement));
    }
  }

  /** Without tags: those of the source go along. */
  static void say(CopyObjectRequest.Builder request, Placement placement) {
    var headers = placement.headers();
    request
        .cacheControl(headers.cacheControl())
        .contentDisposition(headers.contentDisposition())
        .contentEncoding(headers.contentEncoding())
        .contentLanguage(headers.contentLanguage())
        .storageClass(headers.storageClass())
        .serverSideEncryption(encryption(placement))
        .ssekmsKeyId(keyId(placement));
  }

  private static @Nullable ServerSideEncryption encryption(Placement placement) {
    return switch (placement.encryption()) {
      case Encryption.OfBucket _ -> null;
      case Encryption.OfStore _ -> ServerSideEncryption.AES256;
      case Encryption.Kms _ -> ServerSideEncryption.AWS_KMS;
    };
  }

  private static @Nullable String keyId(Placement placement) {
    return placement.encryption() instanceof Encryption.Kms(var keyId) ? keyId : null;
  }

  private static Tagging tagging(Placement placement) {
    return Tagging.builder()
        .tagSet(
            placement.tags().entrySet().stream()
                .map(tag -> Tag.builder().key(tag.getKey()).value(tag.getValue()).build())
                .toList())
        .build();
  }

  static ObjectHeaders headers(HeadObjectResponse reply) {
    return new ObjectHeaders(
        reply.cacheControl(),
        reply.contentDisposition(),
        reply.contentEncoding(),
        reply.contentLanguage(),
        reply.expiresString(),
        storageClass(reply.storageClassAsString()),
        isTagged(reply.tagCount()));
  }

  static ObjectHeaders headers(GetObjectResponse reply) {
    return new ObjectHeaders(
        reply.cacheControl(),
        reply.contentDisposition(),
        reply.contentEncoding(),
        reply.contentLanguage(),
        reply.expiresString(),
        storageClass(reply.storageClassAsString()),
        isTagged(reply.tagCount()));
  }

  static Map<String, String> tags(GetObjectTaggingResponse reply) {
    var tags = new HashMap<String, String>();
    reply.tagSet().forEach(tag -> tags.put(tag.key(), tag.value()));
    return tags;
  }

  private static boolean isTagged(@Nullable Integer count) {
    return count != null && count > 0;
  }

  private static @Nullable String storageClass(@Nullable String name) {
    return name == null || name.isEmpty() || name.equals(STANDARD) ? null : name;
  }
}
