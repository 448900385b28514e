package io.bucketfs.s3;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.MultipartStore.CompleteRequest;
import io.bucketfs.core.object.MultipartStore.CopyPartRequest;
import io.bucketfs.core.object.MultipartStore.OpenUpload;
import io.bucketfs.core.object.MultipartStore.Part;
import io.bucketfs.core.object.MultipartStore.UploadListing;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.ObjectVersion;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.AbortMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.CompletedMultipartUpload;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsResponse;
import software.amazon.awssdk.services.s3.model.UploadPartCopyResponse;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * Requests and replies about multipart uploads in the words of the port. The CRC32C of a part is
 * compared with what was sent, goes back to the store with the completion, and the sum of the sums
 * that comes with the reply is compared again, wherever the store tells.
 */
final class MultipartReplies {
  private MultipartReplies() {}

  static String created(CreateMultipartUploadResponse reply) {
    return require(reply.uploadId(), "upload id");
  }

  static Part sent(int number, UploadPartResponse reply, Upload upload) {
    S3Replies.requireSame(reply.checksumCRC32C(), upload.checksum());
    return new Part(
        number, require(reply.eTag(), "ETag"), reply.checksumCRC32C(), upload.sizeBytes());
  }

  static Part copied(CopyPartRequest request, UploadPartCopyResponse reply) {
    var result = reply.copyPartResult();
    return new Part(
        request.number(),
        require(result == null ? null : result.eTag(), "ETag"),
        result == null ? null : result.checksumCRC32C(),
        request.count());
  }

  /** All parts with their sums, or, where one has none, without. */
  static CompletedMultipartUpload parts(CompleteRequest request) {
    var summed = isSummed(request.parts());
    var parts =
        request.parts().stream()
            .map(part ->
                CompletedPart.builder()
                    .partNumber(part.number())
                    .eTag(part.etag())
                    .checksumCRC32C(summed ? part.checksum() : null)
                    .build())
            .toList();
    return CompletedMultipartUpload.builder().parts(parts).build();
  }

  private static boolean isSummed(List<Part> parts) {
    return parts.stream().allMatch(part -> part.checksum() != null);
  }

  static ObjectVersion completed(CompleteRequest request, CompleteMultipartUploadResponse reply) {
    if (isSummed(request.parts())) {
      var theirs = reply.checksumCRC32C();
      // A sum over all bytes says nothing that can be compared without them; each part was.
      if (theirs != null && theirs.contains("-")) {
        S3Replies.requireSame(theirs, sumOfSums(request.parts()));
      }
    }
    return S3Replies.version(reply.eTag(), request.sizeBytes(), null, reply.versionId());
  }

  private static String sumOfSums(List<Part> parts) {
    var sum = new CRC32C();
    for (var part : parts) {
      sum.update(Base64.getDecoder().decode(part.checksum()));
    }
    var value = ByteBuffer.allocate(Integer.BYTES).putInt((int) sum.getValue()).array();
    return Base64.getEncoder().encodeToString(value) + "-" + parts.size();
  }

  static UploadListing listing(ListMultipartUploadsResponse reply) {
    var uploads = new ArrayList<OpenUpload>();
    reply.uploads().forEach(upload -> uploads.add(new OpenUpload(upload.key(), upload.uploadId())));
    var more = Boolean.TRUE.equals(reply.isTruncated()) && reply.nextKeyMarker() != null;
    return new UploadListing(
        uploads, more ? new OpenUpload(reply.nextKeyMarker(), reply.nextUploadIdMarker()) : null);
  }

  @SuppressWarnings("NullAway") // null is all that a Void can be
  static Void nothing(AbortMultipartUploadResponse reply) {
    return null;
  }

  private static String require(@Nullable String value, String what) {
    if (value == null) {
      throw new CompletionException(
          new ObjectStoreException(
              new BackendFailure.Rejected("the store's reply has no " + what)));
    }
    return value;
  }
}
