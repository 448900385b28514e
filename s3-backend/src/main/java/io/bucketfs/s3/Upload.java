package io.bucketfs.s3;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.ObjectStoreException;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.reactivestreams.Subscriber;
import software.amazon.awssdk.core.async.AsyncRequestBody;

/**
 * The body of one PUT. Parts are asked of the source one at a time and only as the connection takes
 * them. A source that fails fails the request with what it said, rather than with what the broken
 * connection would look like.
 */
final class Upload implements AsyncRequestBody {
  private final BodySource source;
  private final RequestMeters meters;
  private final CompletableFuture<Void> sourceFailure = new CompletableFuture<>();
  private volatile int checksum;

  Upload(BodySource source, RequestMeters meters) {
    this.source = source;
    this.meters = meters;
  }

  @Override
  public Optional<Long> contentLength() {
    return Optional.of(source.sizeBytes());
  }

  @Override
  public void subscribe(Subscriber<? super ByteBuffer> subscriber) {
    new UploadSubscription(this, source, subscriber).start();
  }

  long sizeBytes() {
    return source.sizeBytes();
  }

  /** CRC32C of what was sent so far, as S3 writes it. */
  String checksum() {
    return Base64.getEncoder().encodeToString(ByteBuffer.allocate(4).putInt(0, checksum).array());
  }

  void sent(int bytes) {
    meters.sent(bytes);
  }

  void summed(int crc32c) {
    checksum = crc32c;
  }

  void sourceFailed(String reason) {
    sourceFailure.completeExceptionally(
        new ObjectStoreException(new BackendFailure.Rejected(reason)));
  }

  /** The outcome of the request, or the source's failure where that came first. */
  <T> CompletableFuture<T> failingFirst(CompletableFuture<T> request) {
    var outcome = new CompletableFuture<T>();
    var _ =
        sourceFailure.whenComplete((_, failure) -> {
          outcome.completeExceptionally(failure);
          request.cancel(true);
        });
    var _ =
        request.whenComplete((value, failure) -> {
          if (failure == null) {
            outcome.complete(value);
          } else {
            outcome.completeExceptionally(failure);
          }
        });
    var _ =
        outcome.whenComplete((_, _) -> {
          if (outcome.isCancelled()) {
            request.cancel(true);
          }
        });
    return outcome;
  }
}
