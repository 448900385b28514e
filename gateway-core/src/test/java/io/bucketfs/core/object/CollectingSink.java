package io.bucketfs.core.object;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/** Keeps the body of a GET. Read it after the GET's stage has completed. */
public final class CollectingSink implements BodySink {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private @Nullable ObjectHead head;

  @Override
  public synchronized void head(ObjectHead newHead) {
    if (head != null) {
      throw new IllegalStateException("a second head");
    }
    head = newHead;
  }

  @Override
  public synchronized void data(ByteBuf part) {
    try {
      if (head == null) {
        throw new IllegalStateException("data before the head");
      }
      var copy = new byte[part.readableBytes()];
      part.readBytes(copy);
      bytes.writeBytes(copy);
    } finally {
      part.release();
    }
  }

  /** What arrived so far. */
  public synchronized byte[] bytes() {
    return bytes.toByteArray();
  }

  /** The head; null where none arrived. */
  public synchronized @Nullable ObjectHead head() {
    return head;
  }
}
