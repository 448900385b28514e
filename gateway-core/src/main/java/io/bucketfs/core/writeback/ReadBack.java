package io.bucketfs.core.writeback;

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
 * Reads an object and compares it with the checksums of the parts that it was made of: what is left
 * to do where the store tells another one of the whole, or nobody heard what it told. Parts of
 * which the store told none, as of some that it copied, are believed.
 */
final class ReadBack {
  private final ActiveMount mount;
  private final BucketWrites writes;

  ReadBack(ActiveMount mount, BucketWrites writes) {
    this.mount = mount;
    this.writes = writes;
  }

  /** The checksum of what arrives. */
  private static final class Sum implements BodySink {
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
    var sum = new Sum();
    var _ = writes.await(() -> mount.store().get(key, version, offset, part.sizeBytes(), sum));
    return sum.text();
  }
}
