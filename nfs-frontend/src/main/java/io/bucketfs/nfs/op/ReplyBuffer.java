package io.bucketfs.nfs.op;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

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

  /** All bytes from an index of the small results on, or null where they are more than so many. */
  byte @Nullable [] bytesFrom(int from, int max) {
    var length = bytes() - from;
    for (var part : parts) {
      if (part.position <= from) {
        length -= part.data.readableBytes();
      }
    }
    if (length > max) {
      return null;
    }
    var bytes = new byte[length];
    var at = from;
    var to = 0;
    for (var part : parts) {
      if (part.position <= from) {
        continue;
      }
      out.getBytes(at, bytes, to, part.position - at);
      to += part.position - at;
      at = part.position;
      part.data.getBytes(part.data.readerIndex(), bytes, to, part.data.readableBytes());
      to += part.data.readableBytes();
    }
    out.getBytes(at, bytes, to, out.writerIndex() - at);
    return bytes;
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
