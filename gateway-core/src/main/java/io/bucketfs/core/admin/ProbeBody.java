package io.bucketfs.core.admin;

import io.bucketfs.core.object.BodySource;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A few bytes as the body of a PUT. */
record ProbeBody(byte[] bytes) implements BodySource {
  @Override
  public long sizeBytes() {
    return bytes.length;
  }

  @Override
  public Reader open() {
    return new Reader() {
      private boolean given;

      @Override
      public CompletionStage<@Nullable ByteBuf> next() {
        var part = given ? null : Unpooled.copiedBuffer(bytes);
        given = true;
        return CompletableFuture.completedStage(part);
      }

      @Override
      public void close() {}
    };
  }
}
