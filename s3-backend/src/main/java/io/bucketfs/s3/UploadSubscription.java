package io.bucketfs.s3;

import io.bucketfs.core.object.BodySource;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * One pass over a body, from the source's stages to reactive streams.
 *
 * <p>Demand, cancellation and arriving parts come from different threads. Each only leaves its mark
 * and calls {@link #drain}; whoever finds nobody draining does the work of all, so that everything
 * below {@code step} runs one at a time. The reader is closed once, and never while a part is
 * awaited of it; a part that arrives after a cancellation is released.
 */
final class UploadSubscription implements Subscription {
  private final Upload upload;
  private final BodySource source;
  private final Subscriber<? super ByteBuffer> subscriber;
  private final CRC32C checksum = new CRC32C();

  private final AtomicLong demand = new AtomicLong();
  private final AtomicInteger marks = new AtomicInteger();
  private volatile boolean cancelled;

  /** Written by the source's thread before it drains, read by whoever drains. */
  private volatile @Nullable Arrival arrival;

  // The rest belongs to whoever drains.
  private BodySource.@Nullable Reader reader;
  private boolean awaiting;
  private boolean ended;
  private long sentBytes;

  /** What the source answered: a part, the end or a failure. */
  private record Arrival(@Nullable ByteBuf part, @Nullable Throwable failure) {}

  UploadSubscription(Upload upload, BodySource source, Subscriber<? super ByteBuffer> subscriber) {
    this.upload = upload;
    this.source = source;
    this.subscriber = subscriber;
  }

  void start() {
    subscriber.onSubscribe(this);
  }

  @Override
  public void request(long count) {
    demand.accumulateAndGet(
        count, (old, more) -> old + more < 0 ? Long.MAX_VALUE : old + Math.max(more, 0));
    drain();
  }

  @Override
  public void cancel() {
    cancelled = true;
    drain();
  }

  private void drain() {
    if (marks.getAndIncrement() != 0) {
      return;
    }
    var seen = 1;
    while (seen != 0) {
      step();
      seen = marks.addAndGet(-seen);
    }
  }

  private void step() {
    takeArrival();
    if (ended || awaiting) {
      return;
    }
    if (cancelled) {
      end();
    } else if (demand.get() > 0) {
      awaitPart();
    }
  }

  private void awaitPart() {
    try {
      var open = reader;
      if (open == null) {
        open = source.open();
        reader = open;
      }
      awaiting = true;
      var _ =
          open.next()
              .whenComplete((part, failure) -> {
                arrival = new Arrival(part, failure);
                drain();
              });
    } catch (RuntimeException e) {
      awaiting = false;
      fail(e);
    }
  }

  private void takeArrival() {
    var arrived = arrival;
    if (arrived == null) {
      return;
    }
    arrival = null;
    awaiting = false;
    var part = arrived.part();
    if (cancelled) {
      if (part != null) {
        part.release();
      }
    } else if (arrived.failure() != null) {
      fail(arrived.failure());
    } else if (part != null) {
      pass(part);
    } else if (sentBytes == source.sizeBytes()) {
      complete();
    } else {
      fail(new IllegalStateException(sentBytes + " of " + source.sizeBytes() + " bytes came"));
    }
  }

  /** Copies, since nobody tells when the HTTP client is done with a buffer. */
  private void pass(ByteBuf part) {
    var copy = new byte[part.readableBytes()];
    part.readBytes(copy).release();
    if (copy.length > source.sizeBytes() - sentBytes) {
      fail(new IllegalStateException("more than " + source.sizeBytes() + " bytes came"));
      return;
    }
    sentBytes += copy.length;
    checksum.update(copy);
    upload.passed(copy.length);
    if (demand.get() != Long.MAX_VALUE) {
      demand.decrementAndGet();
    }
    // Before the last byte goes out, since the reply may be here before this thread comes back.
    upload.summed((int) checksum.getValue());
    subscriber.onNext(ByteBuffer.wrap(copy));
    if (sentBytes == source.sizeBytes()) {
      // Nobody may ask for more: who knows the length takes the last byte for the end.
      complete();
    }
  }

  private void complete() {
    end();
    subscriber.onComplete();
  }

  private void fail(Throwable failure) {
    end();
    upload.sourceFailed("the body could not be read: " + failure);
    subscriber.onError(failure);
  }

  private void end() {
    ended = true;
    if (reader != null) {
      reader.close();
      reader = null;
    }
  }
}
