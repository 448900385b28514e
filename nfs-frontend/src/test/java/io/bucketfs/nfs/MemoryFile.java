package io.bucketfs.nfs;

import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileType;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** An inode of {@link MemoryFileSystem}, whose lock guards it. */
final class MemoryFile {
  private static final int CHUNK_BYTES = 65_536;

  final FileId id;
  final FileType type;
  int mode;
  int links = 1;
  int uid;
  int gid;
  long size;
  long change = 1;
  long accessNanos;
  long modifyNanos;
  long changeNanos;
  int deviceMajor;
  int deviceMinor;
  int opens;
  byte[] target = new byte[0];
  @Nullable Long verifier;
  @Nullable MemoryFile parent;

  /** Children by the cookie of their name, and the other way round. */
  final TreeMap<Long, String> cookies = new TreeMap<>();

  final TreeMap<String, Entry> children = new TreeMap<>();

  /** Chunks that were ever written; what is missing reads as zeros. */
  final TreeMap<Long, byte[]> chunks = new TreeMap<>();

  final TreeMap<String, byte[]> xattrs = new TreeMap<>();

  record Entry(MemoryFile file, long cookie) {}

  MemoryFile(FileId id, FileType type, int mode) {
    this.id = id;
    this.type = type;
    this.mode = mode;
  }

  Attributes attributes() {
    var bytes = type == FileType.SYMLINK ? target.length : size;
    var used = type == FileType.FILE ? (long) chunks.size() * CHUNK_BYTES : 0;
    return new Attributes(
        id,
        type,
        mode,
        links,
        uid,
        gid,
        type == FileType.DIRECTORY ? 4096 : bytes,
        used,
        change,
        accessNanos,
        modifyNanos,
        changeNanos,
        deviceMajor,
        deviceMinor);
  }

  void read(long offset, ByteBuf into, int count) {
    var at = offset;
    var end = offset + count;
    while (at < end) {
      var chunk = chunks.get(at / CHUNK_BYTES);
      var from = (int) (at % CHUNK_BYTES);
      var length = (int) Math.min(CHUNK_BYTES - from, end - at);
      if (chunk == null) {
        into.writeZero(length);
      } else {
        into.writeBytes(chunk, from, length);
      }
      at += length;
    }
  }

  void write(long offset, ByteBuf data) {
    var at = offset;
    var index = data.readerIndex();
    while (index < data.writerIndex()) {
      var chunk = chunks.computeIfAbsent(at / CHUNK_BYTES, _ -> new byte[CHUNK_BYTES]);
      var from = (int) (at % CHUNK_BYTES);
      var length = Math.min(CHUNK_BYTES - from, data.writerIndex() - index);
      data.getBytes(index, chunk, from, length);
      at += length;
      index += length;
    }
    size = Math.max(size, at);
  }

  /** Where the next byte is that a chunk has, or that none has; the size where there is none. */
  long seek(long offset, boolean data) {
    if (data) {
      var next = chunks.ceilingKey(offset / CHUNK_BYTES);
      return next == null ? size : Math.min(size, Math.max(offset, next * CHUNK_BYTES));
    }
    var at = offset;
    while (at < size && chunks.containsKey(at / CHUNK_BYTES)) {
      at = (at / CHUNK_BYTES + 1) * CHUNK_BYTES;
    }
    return Math.min(size, at);
  }

  void punch(long from, long to) {
    for (var number : List.copyOf(chunks.keySet())) {
      var begin = number * CHUNK_BYTES;
      var start = Math.max(begin, from);
      var stop = Math.min(begin + CHUNK_BYTES, to);
      if (stop - start == CHUNK_BYTES) {
        chunks.remove(number);
      } else if (stop > start) {
        Arrays.fill(
            chunks.getOrDefault(number, new byte[CHUNK_BYTES]),
            (int) (start - begin),
            (int) (stop - begin),
            (byte) 0);
      }
    }
  }

  void resize(long newSize) {
    if (newSize < size) {
      chunks.tailMap((newSize + CHUNK_BYTES - 1) / CHUNK_BYTES).clear();
      var last = chunks.get(newSize / CHUNK_BYTES);
      if (last != null) {
        Arrays.fill(last, (int) (newSize % CHUNK_BYTES), CHUNK_BYTES, (byte) 0);
      }
    }
    size = newSize;
  }
}
