package io.bucketfs.core.object;

import io.netty.buffer.ByteBuf;

/**
 * Takes the body of a GET as it arrives. Calls come one after another, on any thread, unblocking.
 */
public interface BodySink {
  /** The head of the reply, once, before any data. */
  void head(ObjectHead head);

  /** The next bytes; the sink owns the buffer and releases it. */
  void data(ByteBuf part);
}
