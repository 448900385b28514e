package io.bucketfs.s3;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySink;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectStoreException;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * Carries the body of one ranged GET into a sink and makes sure that it is the range that was asked
 * for, to the byte. Calls come one after another, on event loops of the HTTP client.
 */
final class RangeTransfer implements AsyncResponseTransformer<GetObjectResponse, ObjectHead> {
  /** RFC 9110, section 14.4. */
  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-(\\d+)/(\\d+)");

  private final String key;
  private final long offset;
  private final long count;
  private final BodySink sink;
  private final RequestMeters meters;
  private final CompletableFuture<ObjectHead> result = new CompletableFuture<>();

  private volatile @Nullable ObjectHead head;

  RangeTransfer(String key, long offset, long count, BodySink sink, RequestMeters meters) {
    this.key = key;
    this.offset = offset;
    this.count = count;
    this.sink = sink;
    this.meters = meters;
  }

  @Override
  public CompletableFuture<ObjectHead> prepare() {
    return result;
  }

  @Override
  public void onResponse(GetObjectResponse reply) {
    var range = reply.contentRange() == null ? null : CONTENT_RANGE.matcher(reply.contentRange());
    if (range == null || !range.matches()) {
      fail(new BackendFailure.Rejected("the store ignored the range of a GET of " + key));
      return;
    }
    var first = Long.parseLong(range.group(1));
    var last = Long.parseLong(range.group(2));
    var size = Long.parseLong(range.group(3));
    if (first != offset || last != offset + count - 1) {
      fail(
          new BackendFailure.Rejected(
              "416 InvalidRange: %d+%d of %d bytes: %s".formatted(offset, count, size, key)));
      return;
    }
    try {
      var told = S3Replies.head(reply, size);
      head = told;
      sink.head(told);
    } catch (RuntimeException e) {
      result.completeExceptionally(e);
    }
  }

  @Override
  public void onStream(SdkPublisher<ByteBuffer> publisher) {
    publisher.subscribe(new Body());
  }

  @Override
  public void exceptionOccurred(Throwable error) {
    result.completeExceptionally(error);
  }

  private void fail(BackendFailure failure) {
    result.completeExceptionally(new ObjectStoreException(failure));
  }

  /** Hands each part on. Without demand control, since a sink takes all that comes. */
  private final class Body implements Subscriber<ByteBuffer> {
    private @Nullable Subscription subscription;
    private long received;

    @Override
    public void onSubscribe(Subscription newSubscription) {
      subscription = newSubscription;
      if (result.isDone()) {
        newSubscription.cancel();
      } else {
        newSubscription.request(Long.MAX_VALUE);
      }
    }

    @Override
    public void onNext(ByteBuffer part) {
      if (result.isDone()) {
        cancel();
        return;
      }
      received += part.remaining();
      if (received > count) {
        fail(new BackendFailure.Corrupt("more bytes than asked for: " + key));
        cancel();
        return;
      }
      meters.received(part.remaining());
      try {
        sink.data(Unpooled.wrappedBuffer(part));
      } catch (RuntimeException e) {
        result.completeExceptionally(e);
        cancel();
      }
    }

    @Override
    public void onError(Throwable error) {
      result.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
      var told = head;
      if (received < count || told == null) {
        fail(
            new BackendFailure.Corrupt(
                "%d of %d bytes arrived: %s".formatted(received, count, key)));
      } else {
        result.complete(told);
      }
    }

    private void cancel() {
      if (subscription != null) {
        subscription.cancel();
      }
    }
  }
}
