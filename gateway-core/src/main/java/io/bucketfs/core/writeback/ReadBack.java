package io.bucketfs.core.writeback;

import io.bucketfs.core.content.ByteRun;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.object.BodySink;
import io.bucketfs.core.object.MultipartStore.Part;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectVersion;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Reads an object and compares it with the checksums of what was sent: what is left to do where the
 * store tells another one of the whole, or nobody heard what it told. Parts of which the store told
 * none, as of some that it copied, are believed.
 */
final class ReadBack {
  private final ActiveMount mount;
  private final BucketWrites writes;

  ReadBack(ActiveMount mount, BucketWrites writes) {
    this.mount = mount;
    this.writes = writes;
  }

  /** The checksum of what arrives. */
  private static final class Received implements BodySink {
    private final CRC32C sum = new CRC32C();

    @Override
    public void head(ObjectHead head) {}

    @Override
    public synchronized void data(ByteBuf part) {
      try {
        for (var buffer : part.nioBuffers()) {
          sum.update(buffer);
        }
      } finally {
        part.release();
      }
    }

    synchronized String text() {
      var value = ByteBuffer.allocate(Integer.BYTES).putInt((int) sum.getValue()).array();
      return Base64.getEncoder().encodeToString(value);
    }
  }

  /**
   * What some bytes of an object have to be.
   *
   * @param value their CRC32C
   */
  record Sum(ByteRun run, long value) {}

  /** Compares what arrives with checksums of it, which are in order. */
  private static final class Comparison implements BodySink {
    private final List<Sum> sums;
    private final CRC32C sum = new CRC32C();
    private long at;
    private int next;
    private boolean differs;

    Comparison(List<Sum> sums) {
      this.sums = sums;
      at = sums.getFirst().run().offset();
    }

    @Override
    public void head(ObjectHead head) {}

    @Override
    public synchronized void data(ByteBuf part) {
      try {
        for (var buffer : part.nioBuffers()) {
          while (buffer.hasRemaining() && next < sums.size()) {
            take(buffer, sums.get(next));
          }
        }
      } finally {
        part.release();
      }
    }

    /** Takes bytes up to the next border of a run. */
    private void take(ByteBuffer buffer, Sum expected) {
      var run = expected.run();
      var isInside = at >= run.offset();
      var left = (isInside ? run.end() : run.offset()) - at;
      var count = (int) Math.min(left, buffer.remaining());
      if (isInside) {
        sum.update(buffer.slice(buffer.position(), count));
      }
      buffer.position(buffer.position() + count);
      at += count;
      if (at == run.end()) {
        differs |= sum.getValue() != expected.value();
        sum.reset();
        next++;
      }
    }

    synchronized boolean agrees() {
      return !differs && next == sums.size();
    }
  }

  /**
   * Whether a version of an object has bytes of some checksums.
   *
   * @param sums at least one, in order, each of other bytes inside the object
   */
  boolean has(String key, ObjectVersion version, List<Sum> sums)
      throws Refused, InterruptedException {
    var from = sums.getFirst().run().offset();
    var count = sums.getLast().run().end() - from;
    var comparison = new Comparison(sums);
    var _ = writes.await(() -> mount.store().get(key, version, from, count, comparison));
    return comparison.agrees();
  }

  /** Whether a version of an object is what its parts were. */
  boolean agrees(String key, ObjectVersion version, List<Part> parts)
      throws Refused, InterruptedException {
    var size = parts.stream().mapToLong(Part::sizeBytes).sum();
    if (version.sizeBytes() != size) {
      return false;
    }
    var offset = 0L;
    for (var part : parts) {
      if (part.checksum() != null && !sum(key, version, offset, part).equals(part.checksum())) {
        return false;
      }
      offset += part.sizeBytes();
    }
    return true;
  }

  private String sum(String key, ObjectVersion version, long offset, Part part)
      throws Refused, InterruptedException {
    var sum = new Received();
    var _ = writes.await(() -> mount.store().get(key, version, offset, part.sizeBytes(), sum));
    return sum.text();
  }
}
