package io.bucketfs.cache.extent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.Disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("NullAway.Init") // JUnit sets the directory
class RealDiskTest {
  @TempDir private Path directory;
  private RealDisk disk;

  @BeforeEach
  void open() throws IOException {
    disk = new RealDisk(directory);
  }

  private static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  private static String read(DiskFile file, long position, int length) throws IOException {
    var target = ByteBuffer.allocate(length);
    var read = file.read(position, target);
    return new String(target.array(), 0, read, UTF_8);
  }

  @Test
  void writesReadsAndDeletes() throws Exception {
    try (var file = disk.create("a")) {
      file.write(0, text("one"), text("two"));
      file.write(3, text("TWO"));
      file.sync();
      disk.syncDirectory();
      assertThat(read(file, 1, 100)).isEqualTo("neTWO");
      assertThat(read(file, 100, 1)).isEmpty();
      assertThat(file.size()).isEqualTo(6);
      assertThat(disk.size("a")).isEqualTo(6);
      assertThat(disk.list()).containsExactly("a");
      assertThat(disk.usableBytes()).isPositive();
      assertThatThrownBy(() -> disk.create("a")).isInstanceOf(FileAlreadyExistsException.class);
      disk.delete("a");
      assertThat(read(file, 0, 3)).isEqualTo("one");
      assertThatThrownBy(() -> disk.open("a")).isInstanceOf(NoSuchFileException.class);
      assertThatThrownBy(() -> disk.size("a")).isInstanceOf(NoSuchFileException.class);
    }
  }

  /** What is large and aligned passes by the page cache, and meets there what does not. */
  @Test
  void readsAlikeWhatIsLargeAndAlignedAndWhatIsNot() throws Exception {
    var random = new SplittableRandom(3);
    var model = new byte[4 << 20];
    try (var file = disk.create("a")) {
      for (var round = 0; round < 200; round++) {
        var aligned = random.nextBoolean();
        var unit = aligned ? RecordHeader.ALIGNMENT : 1;
        var from = random.nextInt(model.length / unit) * unit;
        var length = random.nextInt((model.length - from) / unit + 1) * unit;
        var memory =
            ByteBuffer.allocateDirect(length + 2 * RecordHeader.ALIGNMENT)
                .alignedSlice(RecordHeader.ALIGNMENT);
        if (random.nextInt(3) > 0) {
          var bytes = new byte[length];
          random.nextBytes(bytes);
          System.arraycopy(bytes, 0, model, from, length);
          file.write(from, memory.put(0, bytes).limit(length));
        } else {
          var size = (int) file.size();
          var there = Math.clamp(size - from, 0, length);
          var target = memory.limit(length);
          assertThat(file.read(from, target)).isEqualTo(there);
          assertThat(target.flip()).isEqualTo(ByteBuffer.wrap(model, Math.min(from, size), there));
        }
      }
      file.sync();
    }
  }

  @Test
  void writesSeveralPartsAtOnce() throws Exception {
    var memory =
        ByteBuffer.allocateDirect(RecordHeader.LARGE_BYTES_MIN + 2 * RecordHeader.ALIGNMENT)
            .alignedSlice(RecordHeader.ALIGNMENT);
    var bytes = new byte[RecordHeader.LARGE_BYTES_MIN + RecordHeader.ALIGNMENT];
    new SplittableRandom(5).nextBytes(bytes);
    memory.put(0, bytes);
    var head = memory.slice(0, RecordHeader.ALIGNMENT);
    var payload = memory.slice(RecordHeader.ALIGNMENT, RecordHeader.LARGE_BYTES_MIN);
    try (var file = disk.create("a")) {
      for (var at : new long[] {RecordHeader.ALIGNMENT, 0, 7}) {
        file.write(at, head.rewind(), payload.rewind());
        assertThat(head.hasRemaining() || payload.hasRemaining()).isFalse();
        var target = ByteBuffer.allocate(bytes.length);
        assertThat(file.read(at, target)).isEqualTo(bytes.length);
        assertThat(target.array()).isEqualTo(bytes);
      }
      Thread.currentThread().interrupt();
      file.write(0, payload.rewind(), head.rewind());
      assertThat(Thread.interrupted()).isTrue();
      var target = ByteBuffer.allocate(payload.limit());
      file.read(0, target);
      assertThat(target.flip()).isEqualTo(payload.rewind());
    }
  }

  @Test
  void readsPastThePageCacheWhatWasDeleted() throws Exception {
    var memory =
        ByteBuffer.allocateDirect(RecordHeader.LARGE_BYTES_MIN + RecordHeader.ALIGNMENT)
            .alignedSlice(RecordHeader.ALIGNMENT)
            .limit(RecordHeader.LARGE_BYTES_MIN);
    try (var file = disk.create("a")) {
      file.write(0, ByteBuffer.allocate(memory.remaining()));
      disk.delete("a");
      assertThat(file.read(0, memory)).isEqualTo(RecordHeader.LARGE_BYTES_MIN);
    }
  }

  @Test
  void worksOnAnInterruptedThreadAndLeavesItInterrupted() throws Exception {
    try (var file = disk.create("a")) {
      Thread.currentThread().interrupt();
      file.write(0, text("kept"));
      file.sync();
      assertThat(read(file, 0, 4)).isEqualTo("kept");
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void othersGoOnWhileOneThreadIsInterruptedAgainAndAgain() throws Exception {
    var bytes = new byte[1 << 20];
    try (var file = disk.create("a")) {
      file.write(0, ByteBuffer.wrap(bytes));
      var begun = new CountDownLatch(1);
      var victim =
          Thread.ofPlatform()
              .start(() -> {
                for (var i = 0; i < 2_000; i++) {
                  readAll(file, bytes.length);
                  begun.countDown();
                }
              });
      begun.await();
      while (victim.isAlive()) {
        victim.interrupt();
        assertThat(readAll(file, bytes.length)).isEqualTo(bytes.length);
      }
    }
  }

  private static int readAll(DiskFile file, int length) {
    try {
      return file.read(0, ByteBuffer.allocate(length));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void failsAfterClose() throws Exception {
    var file = disk.create("a");
    file.close();
    assertThatThrownBy(() -> file.write(0, text("a"))).isInstanceOf(IOException.class);
    assertThatThrownBy(file::sync).isInstanceOf(IOException.class);
  }
}
