package io.bucketfs.core.object;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A body from an array, in parts of a given size. */
public record ByteArrayBody(byte[] bytes, int partBytes) implements BodySource {
  public ByteArrayBody(byte[] bytes) {
    this(bytes, 64 << 10);
  }

  @Override
  public long sizeBytes() {
    return bytes.length;
  }

  @Override
  public Reader open() {
    return new Reader() {
      private int position;

      @Override
      public CompletionStage<@Nullable ByteBuf> next() {
        if (position == bytes.length) {
          return CompletableFuture.completedStage(null);
        }
        var count = Math.min(partBytes, bytes.length - position);
        var part = ByteBufAllocator.DEFAULT.directBuffer(count).writeBytes(bytes, position, count);
        position += count;
        return CompletableFuture.completedStage(part);
      }

      @Override
      public void close() {}
    };
  }
}
