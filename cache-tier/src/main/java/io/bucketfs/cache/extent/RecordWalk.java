package io.bucketfs.cache.extent;

import io.bucketfs.cache.NativeWait;
import io.bucketfs.core.local.Disk.DiskFile;
import io.bucketfs.core.local.ExtentStore.Replayed;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.runtime.Execution;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Walks from header to header, to find records that the metadata does not know yet. */
final class RecordWalk {
  private final Catalog catalog;
  private final OpenHandles handles;
  private final Execution execution;
  private final ByteBufAllocator allocator;

  RecordWalk(
      Catalog catalog, OpenHandles handles, Execution execution, ByteBufAllocator allocator) {
    this.catalog = catalog;
    this.handles = handles;
    this.execution = execution;
    this.allocator = allocator;
  }

  private record Step(RecordHeader header, boolean whole) {}

  void replay(long number, long position, Consumer<Replayed> visitor) throws IOException {
    for (var file : List.copyOf(catalog.from(number))) {
      if (file.stream() == Stream.WRITE) {
        replay(file, file.number() == number ? position : 0, visitor);
      }
    }
  }

  private void replay(ExtentFile file, long position, Consumer<Replayed> visitor)
      throws IOException {
    file.acquire();
    try {
      var step = step(file, position);
      while (step.isPresent()) {
        var header = step.get().header;
        if (step.get().whole) {
          visitor.accept(new Replayed(header.record(), header.inode(), header.offset()));
        }
        step = step(file, RecordHeader.end(header.record()));
      }
    } finally {
      catalog.release(file);
    }
  }

  /** The record at a place, or at where a large one would lie; none where the file ends. */
  private Optional<Step> step(ExtentFile file, long position) throws IOException {
    return NativeWait.on(
        execution,
        () -> {
          var handle = handles.of(file);
          var header = header(handle, file.number(), position);
          if (header == null) {
            header = header(handle, file.number(), RecordHeader.aligned(position));
          }
          return header == null
              ? Optional.empty()
              : Optional.of(new Step(header, isWhole(handle, header)));
        });
  }

  private static @Nullable RecordHeader header(DiskFile handle, long file, long position)
      throws IOException {
    var source = ByteBuffer.allocate(RecordHeader.BYTES_MAX);
    handle.read(position, source);
    return RecordHeader.decode(source.flip(), file, position);
  }

  private boolean isWhole(DiskFile handle, RecordHeader header) throws IOException {
    var length = header.record().length();
    ByteBuf payload = allocator.directBuffer(length, length);
    try {
      var from = RecordHeader.payloadPosition(header.record());
      var read = handle.read(from, payload.nioBuffer(0, length));
      return read == length
          && Arrays.equals(
              RecordHeader.checksums(payload.writerIndex(length)), header.record().checksums());
    } finally {
      payload.release();
    }
  }
}
