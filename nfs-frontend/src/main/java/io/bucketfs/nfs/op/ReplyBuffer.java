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
  private final List<Part> parts = new ArrayList<>(1);
  private int partBytes;

  /**
   * Data that is sent in the middle of the small results.
   *
   * @param position index in the small results before which it goes
   * @param data owned
   */
  public record Part(int position, ByteBuf data) {}

  /** A point to which a reply can be cut back. */
  public record Mark(int writerIndex, int partCount) {}

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
    parts.add(new Part(out.writerIndex(), data));
    partBytes += data.readableBytes();
  }

  /** Bytes in all. */
  public int bytes() {
    return out.writerIndex() + partBytes;
  }

  public List<Part> parts() {
    return parts;
  }

  public Mark mark() {
    return new Mark(out.writerIndex(), parts.size());
  }

  /** Cuts the reply back and releases the data that goes. */
  public void restore(Mark mark) {
    out.writerIndex(mark.writerIndex);
    while (parts.size() > mark.partCount) {
      var part = parts.removeLast();
      partBytes -= part.data.readableBytes();
      part.data.release();
    }
  }

  /** The same reply a second time: small results copied, data shared. */
  public ReplyBuffer copy() {
    var copy = new ReplyBuffer(out.copy());
    for (var part : parts) {
      copy.parts.add(new Part(part.position, part.data.retainedDuplicate()));
    }
    copy.partBytes = partBytes;
    return copy;
  }

  /** Releases everything. */
  public void release() {
    restore(new Mark(0, 0));
    out.release();
  }
}
