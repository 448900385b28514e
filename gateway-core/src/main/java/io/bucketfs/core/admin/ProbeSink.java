package io.bucketfs.core.admin;

import io.bucketfs.core.object.BodySink;
import io.bucketfs.core.object.ObjectHead;
import io.netty.buffer.ByteBuf;

/** Keeps the few bytes of a probe's GET. They are read after the GET's stage has completed. */
final class ProbeSink implements BodySink {
  private final byte[] bytes;
  private int received;

  ProbeSink(int bytesMax) {
    bytes = new byte[bytesMax];
  }

  @Override
  public void head(ObjectHead head) {}

  @Override
  public void data(ByteBuf part) {
    try {
      var count = Math.min(part.readableBytes(), bytes.length - received);
      part.readBytes(bytes, received, count);
      received += count;
    } finally {
      part.release();
    }
  }

  byte[] bytes() {
    return bytes;
  }
}
