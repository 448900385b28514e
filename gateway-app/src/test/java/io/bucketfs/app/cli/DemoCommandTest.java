package io.bucketfs.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class DemoCommandTest {
  private final TestCli cli = new TestCli(Map.of("BUCKETFS_LISTEN", "127.0.0.1"));

  @Test
  void saysAllThatIsNeededInLessThanTenLines() throws IOException {
    var ports = List.of(freePort(), freePort(), freePort());
    var result = run(ports, "--dir", "/d", "--writeback-idle", "5s");
    assertThat(result.code()).isZero();
    assertThat(result.out().lines()).hasSizeLessThan(10).last().isEqualTo("ready");
    assertThat(result.out())
        .contains(
            "mount -t nfs4 -o vers=4.2,port=" + ports.get(0) + " 127.0.0.1:/demo /mnt",
            "http://127.0.0.1:" + ports.get(2),
            "access key demo",
            "secret key demodemo",
            "http://127.0.0.1:" + ports.get(1) + "/metrics",
            "Ctrl-C");
    // Who waits for the word must not see it before.
    assertThat(result.out().split("\\bready\\b", -1)).hasSize(2);
    var settings = cli.demos().getFirst();
    assertThat(settings.gateway().state()).isEqualTo(Path.of("/d/state"));
    assertThat(settings.mount().policy().writebackIdle()).isEqualTo(Duration.ofSeconds(5));
    assertThat(settings.s3Libraries())
        .isEqualTo(Path.of("/opt/bucketfs/s3-backend/target/embedded-s3-lib"));
  }

  @Test
  void namesEveryPortThatIsTaken() throws IOException {
    try (var nfs = listen();
        var admin = listen();
        var s3 = listen()) {
      var ports = List.of(nfs.getLocalPort(), admin.getLocalPort(), s3.getLocalPort());
      var result = run(ports);
      assertThat(result.code()).isEqualTo(2);
      assertThat(result.err().lines())
          .containsExactly(
              "Port " + ports.get(0) + " for NFS is taken: choose another with --port.",
              "Port "
                  + ports.get(1)
                  + " for the admin API is taken: choose another with --admin-port.",
              "Port "
                  + ports.get(2)
                  + " for the demo's S3 is taken: choose another with --s3-port.",
              "See bucketfs demo --help.");
      assertThat(cli.demos()).isEmpty();
    }
  }

  @Test
  void namesEveryMistakeAtOnce() {
    var result =
        cli.run(List.of("demo", "--port", "x", "--s3-port", "0", "--writeback-idle", "soon"));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err())
        .contains("--port must be", "--s3-port must be", "--writeback-idle must be");
  }

  @Test
  void tellsTheLauncherWhatTheJvmMayUse() {
    assertThat(cli.launch(List.of("demo")).code()).isEqualTo(ExitCode.RESTART);
  }

  private TestCli.Result run(List<Integer> ports, String... more) {
    var arguments =
        new ArrayList<>(
            List.of(
                "demo",
                "--port",
                "" + ports.get(0),
                "--admin-port",
                "" + ports.get(1),
                "--s3-port",
                "" + ports.get(2)));
    arguments.addAll(List.of(more));
    return cli.run(arguments);
  }

  private static ServerSocket listen() throws IOException {
    return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  private static int freePort() throws IOException {
    try (var socket = listen()) {
      return socket.getLocalPort();
    }
  }
}
