package io.bucketfs.s3;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.ObjectStoreException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import software.amazon.awssdk.core.async.AsyncRequestBody;

/**
 * The body of one PUT. It is read into memory before the request begins, because an event loop of
 * CRT that asks for bytes which are not there yet asks again, without a pause, until they are. Only
 * a big one is read while it is sent: parts are asked of the source one at a time and only as the
 * connection takes them. A source that fails fails the request with what it said, rather than with
 * what the broken connection would look like.
 */
final class Upload implements AsyncRequestBody {
  /** As much as write-back sends in one request, unless it was told otherwise. */
  private static final long WHOLE_BYTES_MAX = 16L << 20;

  private final BodySource source;
  private final RequestMeters meters;
  private final CompletableFuture<Void> sourceFailure = new CompletableFuture<>();
  private volatile int checksum;
  private volatile @Nullable AsyncRequestBody whole;

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
    var here = whole;
    if (here == null) {
      new UploadSubscription(this, source, subscriber).start();
    } else {
      meters.sent(source.sizeBytes());
      here.subscribe(subscriber);
    }
  }

  private boolean isReadFirst() {
    return source.sizeBytes() > 0 && source.sizeBytes() <= WHOLE_BYTES_MAX;
  }

  private CompletableFuture<Void> load() {
    if (!isReadFirst()) {
      return CompletableFuture.completedFuture(null);
    }
    var parts = new ArrayList<ByteBuffer>();
    return subscribe(parts::add)
        .thenRun(
            () -> whole = AsyncRequestBody.fromByteBuffersUnsafe(parts.toArray(ByteBuffer[]::new)));
  }

  long sizeBytes() {
    return source.sizeBytes();
  }

  /** CRC32C of what was sent so far, as S3 writes it. */
  String checksum() {
    return Base64.getEncoder().encodeToString(ByteBuffer.allocate(4).putInt(0, checksum).array());
  }

  void passed(int bytes) {
    if (!isReadFirst()) {
      meters.sent(bytes);
    }
  }

  void summed(int crc32c) {
    checksum = crc32c;
  }

  void sourceFailed(String reason) {
    sourceFailure.completeExceptionally(
        new ObjectStoreException(new BackendFailure.Rejected(reason)));
  }

  /**
   * Sends the request once the body is here. The outcome is the source's failure where that came
   * first; cancelling it gives up the request.
   */
  <T> CompletableFuture<T> send(Supplier<CompletableFuture<T>> request) {
    var outcome = new CompletableFuture<T>();
    var _ = sourceFailure.whenComplete((_, failure) -> outcome.completeExceptionally(failure));
    var _ =
        load()
            .whenComplete((_, failure) -> {
              if (failure != null) {
                outcome.completeExceptionally(failure);
              } else if (!outcome.isDone()) {
                begin(request, outcome);
              }
            });
    return outcome;
  }

  private static <T> void begin(
      Supplier<CompletableFuture<T>> request, CompletableFuture<T> outcome) {
    CompletableFuture<T> sent;
    try {
      sent = request.get();
    } catch (RuntimeException e) {
      outcome.completeExceptionally(e);
      return;
    }
    var _ =
        sent.whenComplete((value, failure) -> {
          if (failure == null) {
            outcome.complete(value);
          } else {
            outcome.completeExceptionally(failure);
          }
        });
    var _ =
        outcome.whenComplete((_, failure) -> {
          if (failure != null && !sent.isDone()) {
            sent.cancel(true);
          }
        });
  }
}
