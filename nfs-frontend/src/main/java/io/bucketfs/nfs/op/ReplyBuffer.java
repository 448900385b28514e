package io.bucketfs.nfs.op;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/**
 * A reply in the making: small results in one buffer, file data as buffers of its own in between,
 * which are sent as they are.
 */
public final class ReplyBuffer {
  private final ByteBuf out;

  /** Most replies have none. */
  private List<Part> parts = List.of();

  private int partBytes;

  /**
   * Data that is sent in the middle of the small results.
   *
   * @param position index in the small results before which it goes
   * @param data owned
   */
  public record Part(int position, ByteBuf data) {}

  /** Takes over a buffer for the small results. */
  public ReplyBuffer(ByteBuf out) {
    this.out = out;
  }

  /** Where small results are written. */
  public ByteBuf out() {
    return out;
  }

  /** Adds data at this point and takes it over. */
  public void append(ByteBuf data) {
    add(new Part(out.writerIndex(), data));
  }

  private void add(Part part) {
    if (parts.isEmpty()) {
      parts = new ArrayList<>(1);
    }
    parts.add(part);
    partBytes += part.data.readableBytes();
  }

  /** Bytes in all. */
  public int bytes() {
    return out.writerIndex() + partBytes;
  }

  public List<Part> parts() {
    return parts;
  }

  /** Cuts the reply back to what it once had, and releases the data that goes. */
  public void cut(int writerIndex, int partCount) {
    out.writerIndex(writerIndex);
    while (parts.size() > partCount) {
      var part = parts.removeLast();
      partBytes -= part.data.readableBytes();
      part.data.release();
    }
  }

  /** The same reply a second time: small results copied, data shared. */
  public ReplyBuffer copy() {
    var copy = new ReplyBuffer(out.copy());
    for (var part : parts) {
      copy.add(new Part(part.position, part.data.retainedDuplicate()));
    }
    return copy;
  }

  /** Releases everything. */
  public void release() {
    cut(0, 0);
    out.release();
  }
}
