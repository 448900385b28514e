package io.bucketfs.core.object;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The body of a PUT, readable from its start as often as it is opened. */
public interface BodySource {
  /** A small body that lies in memory; the array is not changed afterwards. */
  static BodySource ofBytes(byte[] bytes) {
    return new MemoryBodySource(bytes);
  }

  /** Length in bytes; what {@link Reader#next} yields adds up to exactly this. */
  long sizeBytes();

  /** Starts reading from the first byte. */
  Reader open();

  /** One pass over the body. Closed exactly once, also after a failure. */
  interface Reader extends AutoCloseable {
    /**
     * The next bytes, or null at the end. The receiver owns the buffer and releases it. Not called
     * again before the stage completed.
     */
    CompletionStage<@Nullable ByteBuf> next();

    @Override
    void close();
  }
}
