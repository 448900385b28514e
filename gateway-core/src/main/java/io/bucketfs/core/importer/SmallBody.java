package io.bucketfs.core.importer;

import io.bucketfs.core.object.BodySink;
import io.bucketfs.core.object.ObjectHead;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;

/** Keeps the body of a small object. */
final class SmallBody implements BodySink {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  @Override
  public void head(ObjectHead head) {}

  @Override
  public synchronized void data(ByteBuf part) {
    try {
      var copy = new byte[part.readableBytes()];
      part.readBytes(copy);
      bytes.writeBytes(copy);
    } finally {
      part.release();
    }
  }

  synchronized byte[] bytes() {
    return bytes.toByteArray();
  }
}
