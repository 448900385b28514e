package io.bucketfs.core.object;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A small body that lies in memory.
 *
 * @param bytes the whole body; not changed
 */
record MemoryBodySource(byte[] bytes) implements BodySource {
  @Override
  public long sizeBytes() {
    return bytes.length;
  }

  @Override
  public Reader open() {
    return new Reader() {
      private boolean read;

      @Override
      public CompletionStage<@Nullable ByteBuf> next() {
        if (read || bytes.length == 0) {
          return CompletableFuture.completedFuture(null);
        }
        read = true;
        return CompletableFuture.completedFuture(Unpooled.wrappedBuffer(bytes));
      }

      @Override
      public void close() {}
    };
  }
}
