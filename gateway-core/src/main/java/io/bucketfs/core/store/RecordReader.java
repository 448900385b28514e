package io.bucketfs.core.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Reads what {@link RecordWriter} wrote. Broken input throws a BufferUnderflowException. */
public final class RecordReader {
  private final ByteBuffer bytes;

  public RecordReader(byte[] value) {
    bytes = ByteBuffer.wrap(value);
  }

  public int u8() {
    return bytes.get() & 0xff;
  }

  public boolean bool() {
    return bytes.get() != 0;
  }

  public int i32() {
    return bytes.getInt();
  }

  public long i64() {
    return bytes.getLong();
  }

  public boolean isAtEnd() {
    return !bytes.hasRemaining();
  }

  /** Everything that is left. */
  public boolean hasMore() {
    return bytes.hasRemaining();
  }

  public byte[] rest() {
    return take(bytes.remaining());
  }

  /** Everything that is left, as text. */
  public String restText() {
    return new String(rest(), UTF_8);
  }

  public byte[] blob() {
    return take(bytes.getInt());
  }

  public String text() {
    return new String(blob(), UTF_8);
  }

  public @Nullable String optionalText() {
    var length = bytes.getInt();
    return length < 0 ? null : new String(take(length), UTF_8);
  }

  private byte[] take(int length) {
    if (length < 0 || length > bytes.remaining()) {
      throw new IllegalArgumentException("a stored record is cut off or damaged");
    }
    var taken = new byte[length];
    bytes.get(taken);
    return taken;
  }
}
