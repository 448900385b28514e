package io.bucketfs.app.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.app.FakeAdministration;
import io.bucketfs.app.FakeNfs;
import io.bucketfs.app.admin.NfsControl;
import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.config.MemorySplit;
import io.bucketfs.core.admin.Administration;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.SimulatedExecution;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GatewayProcessTest {
  @TempDir Path directory;

  private final FakeAdministration core = new FakeAdministration();
  private final List<String> events = new ArrayList<>();

  @Test
  void saysWhereItListensAsLongAsItRuns() throws Exception {
    var config = config(freePort());
    var address = config.state().resolve("admin.address");
    try (var process = GatewayProcess.start(config, "1", this::open)) {
      assertThat(process.administration()).isSameAs(core);
      assertThat(Files.readString(address)).isEqualTo("127.0.0.1:" + config.adminPort() + "\n");
      assertThat(Files.getPosixFilePermissions(config.state()))
          .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }
    assertThat(address).doesNotExist();
    assertThat(events).containsExactly("open " + (2L << 30), "close");
  }

  @Test
  void closesTheDataPathWhereTheAdminPortIsTaken() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var config = config(taken.getLocalPort());
      assertThatThrownBy(() -> GatewayProcess.start(config, "1", this::open))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("is taken: choose another with --admin-port.");
    }
    assertThat(events).containsExactly("open " + (2L << 30), "close");
  }

  @Test
  void keepsTheSizeOfTheFirstStart() throws IOException {
    var first = CacheSize.of(directory, OptionalLong.empty());
    assertThat(first).isGreaterThanOrEqualTo(GatewayConfig.CACHE_SIZE_BYTES_MIN);
    Files.writeString(directory.resolve("cache-size"), "123456789012\n");
    assertThat(CacheSize.of(directory, OptionalLong.empty())).isEqualTo(123_456_789_012L);
    assertThat(CacheSize.of(directory, OptionalLong.of(7))).isEqualTo(7);
  }

  @Test
  void keepsTheMemoryThatWasOrderedForStartsAtWhichNothingIsSaid() throws Exception {
    var given = config(1);
    Files.createDirectories(given.state());
    var config = withDefaultMemory(given);
    var data = open(config, 0, new SimulatedExecution(1), Meters.NONE);
    events.clear();
    var limit = MemoryLimit.start(config, data);
    var split = MemorySplit.of(1L << 30);
    assertThat(limit.range().bytesMax()).isEqualTo(1L << 30);
    assertThat(limit.range().bytesMin()).isEqualTo((1L << 30) - split.ramTierBytes() + (16L << 20));
    limit.set(900L << 20);
    assertThat(limit.range().bytes()).isEqualTo(900L << 20);
    var shrunk = "ram " + (split.ramTierBytes() - (124L << 20));
    assertThat(events).containsExactly(shrunk);
    assertThat(MemoryLimit.start(config, data).range().bytes()).isEqualTo(900L << 20);
    assertThat(events).containsExactly(shrunk, shrunk);
    limit.set(1L << 30);
    assertThat(events).containsExactly(shrunk, shrunk, "ram " + split.ramTierBytes());
    limit.set(900L << 20);
    assertThat(MemoryLimit.start(given, data).range().bytes()).isEqualTo(1L << 30);
  }

  private static GatewayConfig withDefaultMemory(GatewayConfig given) {
    return new GatewayConfig(
        given.state(),
        given.listen(),
        given.port(),
        given.adminPort(),
        given.memoryBytes(),
        given.cacheSizeBytes(),
        given.freeSpaceBytes(),
        given.lease(),
        given.mounts(),
        given.file(),
        given.webhook(),
        false,
        given.writebackBytesPerSecondMax());
  }

  @Test
  void closesEveryPartInReverseWhateverFails() {
    var teardown = new Teardown();
    for (var i = 1; i <= 3; i++) {
      var name = "part " + i;
      teardown.add(() -> {
        events.add(name);
        throw new IOException(name);
      });
    }
    assertThatThrownBy(teardown::close)
        .hasMessage("A part did not close: part 3")
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(2));
    assertThat(events).containsExactly("part 3", "part 2", "part 1");
  }

  private DataPath open(
      GatewayConfig config, long cacheSizeBytes, Execution execution, Meters meters) {
    events.add("open " + cacheSizeBytes);
    return new DataPath() {
      @Override
      public Administration administration() {
        return core;
      }

      @Override
      public NfsControl nfs() {
        return new FakeNfs();
      }

      @Override
      public void setRamTierBytes(long bytes) {
        events.add("ram " + bytes);
      }

      @Override
      public void close() {
        events.add("close");
      }
    };
  }

  private GatewayConfig config(int adminPort) {
    return new GatewayConfig(
        directory.resolve("state"),
        "127.0.0.1",
        2049,
        adminPort,
        1L << 30,
        OptionalLong.of(2L << 30),
        GatewayConfig.DEFAULT_FREE_SPACE_BYTES,
        GatewayConfig.DEFAULT_LEASE,
        List.of(),
        null);
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
