package io.bucketfs.core.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ForgetfulDiskTest {
  private static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  private static byte[] filled(int length, int value) {
    var bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static ForgetfulDisk after(ForgetfulDisk disk, Crash kind, int seed) {
    return disk.crash(kind, new SplittableRandom(seed));
  }

  @Test
  void keepsAllThatWasSynced() throws Exception {
    for (var seed = 0; seed < 50; seed++) {
      var disk = new ForgetfulDisk(seed);
      try (var file = disk.create("a")) {
        file.write(0, text("one"), text("two"));
        file.sync();
        disk.syncDirectory();
        file.write(6, ByteBuffer.wrap(filled(10_000, 7)));
      }
      var bytes = after(disk, Crash.POWER, seed).bytes("a");
      assertThat(bytes).startsWith("onetwo".getBytes(UTF_8));
    }
  }

  @Test
  void keepsAllWhenKilledAndStillForgetsItLater() throws Exception {
    var shorter = false;
    for (var seed = 0; seed < 50; seed++) {
      var disk = new ForgetfulDisk(seed);
      try (var file = disk.create("a")) {
        disk.syncDirectory();
        file.write(0, text("unsynced"));
      }
      var killed = after(disk, Crash.KILL, seed);
      assertThat(killed.bytes("a")).isEqualTo("unsynced".getBytes(UTF_8));
      var lost = after(killed, Crash.POWER, seed).bytes("a");
      shorter |= !Arrays.equals(lost, "unsynced".getBytes(UTF_8));
    }
    assertThat(shorter).isTrue();
  }

  @Test
  void losesOrUndoesUnsyncedDirectoryChanges() throws Exception {
    var outcomes = new HashSet<String>();
    for (var seed = 0; seed < 50; seed++) {
      var disk = new ForgetfulDisk(seed);
      disk.create("old").close();
      disk.syncDirectory();
      disk.delete("old");
      disk.create("new").close();
      outcomes.add(after(disk, Crash.POWER, seed).list().toString());
    }
    assertThat(outcomes).containsExactlyInAnyOrder("[]", "[new]", "[old]", "[new, old]");
  }

  @Test
  void tearsUnsyncedPages() throws Exception {
    var torn = false;
    for (var seed = 0; seed < 50; seed++) {
      var disk = new ForgetfulDisk(seed);
      try (var file = disk.create("a")) {
        disk.syncDirectory();
        file.write(0, ByteBuffer.wrap(filled(4096, 1)));
        file.sync();
        file.write(0, ByteBuffer.wrap(filled(4096, 2)));
      }
      var bytes = after(disk, Crash.POWER, seed).bytes("a");
      var ones = new String(bytes, UTF_8).chars().filter(c -> c == 1).count();
      assertThat(ones % 512).isZero();
      torn |= ones > 0 && ones < 4096;
    }
    assertThat(torn).isTrue();
  }

  @Test
  void aSyncAfterAFailedOneProvesNothing() throws Exception {
    var lost = false;
    for (var seed = 0; seed < 50; seed++) {
      var disk = new ForgetfulDisk(seed);
      try (var file = disk.create("a")) {
        disk.syncDirectory();
        file.write(0, ByteBuffer.wrap(filled(4096, 1)));
        disk.failSyncs(1);
        assertThatThrownBy(file::sync).isInstanceOf(IOException.class);
        file.sync();
      }
      var bytes = after(disk, Crash.POWER, seed).bytes("a");
      lost |= !Arrays.equals(bytes, filled(4096, 1));
    }
    assertThat(lost).isTrue();
  }

  @Test
  void isFullAtItsLimit() throws Exception {
    var disk = new ForgetfulDisk(1);
    disk.limitTo(10);
    try (var file = disk.create("a")) {
      file.write(0, text("0123456789"));
      assertThat(disk.usableBytes()).isZero();
      assertThatThrownBy(() -> file.write(10, text("x")))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("No space");
      file.write(0, text("overwrite"));
      assertThat(file.size()).isEqualTo(10);
    }
  }

  @Test
  void failsReadsAndFlipsBits() throws Exception {
    var disk = new ForgetfulDisk(1);
    try (var file = disk.create("a")) {
      file.write(0, text("a"));
      disk.flipBit("a", 0, 1);
      assertThat(disk.bytes("a")).isEqualTo("c".getBytes(UTF_8));
      disk.failReads(true);
      assertThatThrownBy(() -> file.read(0, ByteBuffer.allocate(1)))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void anOpenHandleReadsADeletedFile() throws Exception {
    var disk = new ForgetfulDisk(1);
    try (var file = disk.create("a")) {
      file.write(0, text("a"));
      disk.delete("a");
      assertThat(file.read(0, ByteBuffer.allocate(9))).isEqualTo(1);
    }
  }

  @Test
  void endsWithTheCrash() throws Exception {
    var disk = new ForgetfulDisk(1);
    try (var file = disk.create("a")) {
      after(disk, Crash.KILL, 1);
      assertThatThrownBy(file::sync).isInstanceOf(IOException.class);
      assertThatThrownBy(disk::list).isInstanceOf(IOException.class);
    }
  }
}
