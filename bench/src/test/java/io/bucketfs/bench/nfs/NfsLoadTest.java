package io.bucketfs.bench.nfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.nfs.MemoryFileSystem;
import io.bucketfs.nfs.NfsTestServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The load generator against a server in this process. */
final class NfsLoadTest {
  @Test
  void everyActionIsSentAndMeasured() throws Exception {
    try (var server = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60))) {
      var text = new ByteArrayOutputStream();
      var target = "127.0.0.1:" + server.port() + "/data," + ProcessHandle.current().pid();
      NfsLoad.run(
          new PrintStream(text, true, StandardCharsets.UTF_8),
          "rounds=1",
          "seconds=1",
          "warmup=0",
          "files=2",
          "file-bytes=65536",
          "getattr=4,lookup=2,read:4k=2,write:1k=2,append:4k=1,create=1,readdir=1/2x2x4",
          "read:64k/1x1x4",
          "one=" + target,
          "two=" + target);
      var lines = text.toString(StandardCharsets.UTF_8).lines().toList();
      assertThat(lines).hasSize(1 + 2 * 3);
      for (var line : List.of(lines.get(1), lines.get(2), lines.get(4), lines.get(5))) {
        var words = line.trim().split(" +", -1);
        assertThat(Double.parseDouble(words[2])).as(line).isPositive();
        assertThat(Double.parseDouble(words[3])).as(line).isPositive();
        assertThat(Double.parseDouble(words[5])).as(line).isPositive();
      }
      assertThat(lines.get(3)).contains("one : two = ");
      // The folders of the load are gone again.
      NfsLoad.run(
          new PrintStream(text, true, StandardCharsets.UTF_8),
          "rounds=1",
          "seconds=1",
          "warmup=0",
          "files=1",
          "create/1x1x1",
          "one=" + target);
      assertThat(server.server().view().connections()).isZero();
    }
  }

  @Test
  void aServerThatRefusesFailsTheRun() throws Exception {
    try (var server = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60))) {
      var out = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
      assertThatThrownBy(() ->
              NfsLoad.run(
                  out,
                  "rounds=1",
                  "seconds=1",
                  "warmup=0",
                  "file-bytes=4096",
                  "read:8k/1x1x1",
                  "a=127.0.0.1:" + server.port() + "/data"))
          .hasMessageContaining("READ gave 4096 bytes");
    }
  }

  @Test
  void loadsAndTargetsAreReadAsWritten() {
    assertThat(Load.parse("read:4k=3,getattr=1/2x3x32"))
        .isEqualTo(
            new Load(
                List.of(
                    new Action(Action.Kind.READ, 4096, 3), new Action(Action.Kind.GETATTR, 0, 1)),
                2,
                3,
                32));
    assertThat(Load.parse("write:1m").slots()).isEqualTo(64);
    assertThatThrownBy(() -> Load.parse("getattr:4k")).hasMessageContaining("size");
    assertThatThrownBy(() -> Load.parse("read:2m")).hasMessageContaining("bytes");
    assertThatThrownBy(() -> Load.parse("getattr/1x2x1")).hasMessageContaining("slot");
    var target = Target.parse("g=localhost:2049/export,42");
    assertThat(target.export()).isEqualTo("/export");
    assertThat(target.pid()).isEqualTo(42);
  }

  @Test
  void quantilesAreExactToAPercentOrTwo() {
    var latencies = new Latencies();
    for (var i = 1; i <= 10_000; i++) {
      latencies.record(i * 1_000L);
    }
    assertThat(latencies.quantileMicros(0.5)).isBetween(5_000.0, 5_100.0);
    assertThat(latencies.quantileMicros(0.99)).isBetween(9_900.0, 10_100.0);
    assertThat(new Latencies().quantileMicros(0.5)).isZero();
  }
}
