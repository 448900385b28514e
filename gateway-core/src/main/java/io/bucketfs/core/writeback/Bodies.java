package io.bucketfs.core.writeback;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.ObjectStoreException;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Bodies of PUT requests. */
final class Bodies {
  private Bodies() {}

  /**
   * A body that remembers why it could not be read, since the store only sees that it was cut off.
   */
  static final class Watched implements BodySource {
    private final BodySource body;
    private volatile @Nullable BackendFailure failure;

    Watched(BodySource body) {
      this.body = body;
    }

    /** Why reading failed, or null where it did not. */
    @Nullable BackendFailure failure() {
      return failure;
    }

    @Override
    public long sizeBytes() {
      return body.sizeBytes();
    }

    @Override
    public Reader open() {
      var reader = body.open();
      return new Reader() {
        @Override
        public CompletionStage<@Nullable ByteBuf> next() {
          return reader
              .next()
              .whenComplete((_, thrown) -> {
                if (thrown != null) {
                  failure = failureOf(thrown);
                }
              });
        }

        @Override
        public void close() {
          reader.close();
        }
      };
    }

    private static BackendFailure failureOf(Throwable thrown) {
      var cause = thrown;
      while (cause instanceof CompletionException && cause.getCause() != null) {
        cause = cause.getCause();
      }
      return cause instanceof ObjectStoreException refusal
          ? refusal.failure()
          : new BackendFailure.Unreachable(String.valueOf(cause));
    }
  }
}
