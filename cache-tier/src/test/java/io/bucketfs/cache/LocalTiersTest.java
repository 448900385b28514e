package io.bucketfs.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("NullAway.Init") // JUnit sets the directory
class LocalTiersTest {
  private static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

  @TempDir private Path parent;
  private final ThreadExecution execution = new ThreadExecution(2, Meters.NONE);

  @AfterEach
  void stop() {
    execution.close();
  }

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  private Path path() {
    return parent.resolve("a/state");
  }

  private LocalTiers open() throws IOException {
    return LocalTiers.open(path(), TierSettings.DEFAULTS, execution, ALLOCATOR, Meters.NONE);
  }

  @Test
  void createsADirectoryForItsOwnerAlone() throws Exception {
    try (var _ = open()) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path())))
          .isEqualTo("rwx------");
    }
  }

  @Test
  void keepsBothStoresOverAStop() throws Exception {
    var key = new byte[] {1};
    var data = Unpooled.wrappedBuffer(new byte[] {5, 6, 7});
    var tiers = open();
    var record = tiers.tier().extents().append(Stream.WRITE, 1, 2, 3, 4, 0, data);
    tiers.tier().metadata().write(List.of(new Change.Put(Family.EXTENTS, key, key)), false);
    tiers.close();
    try (var again = open()) {
      assertThat(again.tier().unsyncedMayBeLost()).isFalse();
      assertThat(again.tier().metadata().get(Family.EXTENTS, key)).isEqualTo(key);
      var read = again.tier().extents().read(record, 0, 3, Patience.FOREVER);
      assertThat(read).isEqualTo(data);
      read.release();
    }
  }

  @Test
  void admitsOneGateway() throws Exception {
    try (var _ = open()) {
      assertThatThrownBy(this::open)
          .isInstanceOf(StateDirectoryException.class)
          .hasMessageContaining(path().toString())
          .hasMessageContaining("in use");
    }
    open().close();
  }

  @Test
  void refusesANewerFormat() throws Exception {
    open().close();
    Files.writeString(path().resolve("FORMAT"), "bucketfs state 3\n");
    assertThatThrownBy(this::open)
        .isInstanceOf(StateDirectoryException.class)
        .hasMessageContaining("format 3")
        .hasMessageContaining("reads format 2");
    Files.writeString(path().resolve("FORMAT"), "something else\n");
    assertThatThrownBy(this::open)
        .isInstanceOf(StateDirectoryException.class)
        .hasMessageContaining("not a format file");
  }

  @Test
  void tellsAMachineCrashFromAKill() throws Exception {
    open().close();
    var run = path().resolve("RUN");

    Files.writeString(run, StateDirectory.bootId() + " running kept\n");
    try (var afterKill = open()) {
      assertThat(afterKill.tier().unsyncedMayBeLost()).isFalse();
    }

    Files.writeString(run, "another-boot running kept\n");
    try (var afterReboot = open()) {
      assertThat(afterReboot.tier().unsyncedMayBeLost()).isTrue();
    }

    Files.writeString(run, "another-boot clean kept\n");
    try (var afterCleanStop = open()) {
      assertThat(afterCleanStop.tier().unsyncedMayBeLost()).isFalse();
    }
  }

  @Test
  void remembersALossUntilItIsHandled() throws Exception {
    open().close();
    Files.writeString(path().resolve("RUN"), "another-boot running kept\n");
    open().close();
    try (var tiers = open()) {
      assertThat(tiers.tier().unsyncedMayBeLost()).isTrue();
      tiers.lossHandled();
    }
    try (var tiers = open()) {
      assertThat(tiers.tier().unsyncedMayBeLost()).isFalse();
    }
  }

  @Test
  void assumesTheWorstOfAGarbledRunFile() throws Exception {
    open().close();
    Files.writeString(path().resolve("RUN"), "");
    try (var tiers = open()) {
      assertThat(tiers.tier().unsyncedMayBeLost()).isTrue();
    }
    assertThat(LastRun.NONE.unsyncedMayBeLost("any")).isFalse();
    assertThat(new LastRun("", false, false).unsyncedMayBeLost("")).isTrue();
  }
}
