package io.bucketfs.core.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Builds keys and values of the metadata store, big-endian, so that keys sort as their numbers. */
public final class RecordWriter {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private byte[] bytes;
  private int length;

  public RecordWriter(int capacity) {
    bytes = new byte[capacity];
  }

  private void reserve(int more) {
    if (length + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }

  public RecordWriter u8(int value) {
    reserve(1);
    bytes[length++] = (byte) value;
    return this;
  }

  public RecordWriter bool(boolean value) {
    return u8(value ? 1 : 0);
  }

  public RecordWriter i32(int value) {
    reserve(4);
    INT.set(bytes, length, value);
    length += 4;
    return this;
  }

  public RecordWriter i64(long value) {
    reserve(8);
    LONG.set(bytes, length, value);
    length += 8;
    return this;
  }

  /** Bytes without their length: only at the end of a key or value. */
  public RecordWriter raw(byte[] value) {
    reserve(value.length);
    System.arraycopy(value, 0, bytes, length, value.length);
    length += value.length;
    return this;
  }

  /** Text without its length: only at the end of a key. */
  public RecordWriter rawText(String value) {
    return raw(value.getBytes(UTF_8));
  }

  /** Bytes with their length. */
  public RecordWriter blob(byte[] value) {
    return i32(value.length).raw(value);
  }

  /** Text with its length. */
  public RecordWriter text(String value) {
    return blob(value.getBytes(UTF_8));
  }

  /** Text with its length, or null. */
  public RecordWriter optionalText(@Nullable String value) {
    return value == null ? i32(-1) : text(value);
  }

  public byte[] toBytes() {
    return Arrays.copyOf(bytes, length);
  }
}
