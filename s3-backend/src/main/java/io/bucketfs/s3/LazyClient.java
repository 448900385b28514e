package io.bucketfs.s3;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/**
 * A client of the SDK that its first request makes. That takes some hundred milliseconds, which no
 * start has to wait for.
 */
final class LazyClient implements AutoCloseable {
  private final Supplier<S3AsyncClient> maker;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile @Nullable S3AsyncClient made;

  @GuardedBy("lock")
  private boolean closed;

  LazyClient(Supplier<S3AsyncClient> maker) {
    this.maker = maker;
  }

  S3AsyncClient get() {
    var present = made;
    return present == null ? make() : present;
  }

  private S3AsyncClient make() {
    lock.lock();
    try {
      var present = made;
      if (present != null) {
        return present;
      }
      if (closed) {
        throw new IllegalStateException("closed before its first request");
      }
      var client = maker.get();
      made = client;
      return client;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      var present = made;
      if (present != null) {
        present.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
