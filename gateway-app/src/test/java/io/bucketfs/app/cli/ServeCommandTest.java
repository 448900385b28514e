package io.bucketfs.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.config.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class ServeCommandTest {
  @TempDir Path directory;

  private final TestCli cli = new TestCli(Map.of());

  @Test
  void startsWhatTheOptionsSay() throws IOException {
    var file = Files.writeString(directory.resolve("c.yaml"), "listen: 10.0.0.1\n");
    var result =
        cli.run(
            List.of(
                ("serve --state /s --port 1 --admin-port 2 --memory 1GiB --cache-size 2GiB"
                        + " --free-space 3GiB --lease 20s --config "
                        + file)
                    .split(" ", -1)));
    assertThat(result.code()).isZero();
    assertThat(result.out()).endsWith("ready\n").contains("http://127.0.0.1:2");
    assertThat(cli.started())
        .containsExactly(
            new GatewayConfig(
                Path.of("/s"),
                "10.0.0.1",
                1,
                2,
                1L << 30,
                OptionalLong.of(2L << 30),
                3L << 30,
                Duration.ofSeconds(20),
                List.of(),
                file));
  }

  @Test
  void readsPlainLinesAsPicocliDoes() throws InvalidInputException {
    var values =
        Map.ofEntries(
            Map.entry("--state", "/s"),
            Map.entry("--listen", "10.0.0.1"),
            Map.entry("--port", "1"),
            Map.entry("--admin-port", "2"),
            Map.entry("--memory", "1GiB"),
            Map.entry("--cache-size", "2GiB"),
            Map.entry("--free-space", "3GiB"),
            Map.entry("--lease", "20s"),
            Map.entry("--writeback-bandwidth", "1MiB"),
            Map.entry("--webhook-port", "3"),
            Map.entry("--webhook-secret-file", "/secret"));
    var line = new ArrayList<>(List.of("serve"));
    values.forEach((name, value) -> line.addAll(List.of(name, value)));
    var context = cli.context();
    var serve = new ServeCommand(context);
    var options = new CommandLine(serve).getCommandSpec().optionsMap().keySet();
    // All options but that of a file, which would have to be there.
    assertThat(values.keySet())
        .containsExactlyInAnyOrderElementsOf(
            options.stream().filter(option -> !option.equals("--config")).toList());
    var _ = new CommandLine(serve).parseArgs(line.subList(1, line.size()).toArray(new String[0]));
    var plain = ServeCommand.plain(context, line.toArray(new String[0]));
    assertThat(Objects.requireNonNull(plain).settings()).isEqualTo(serve.settings());
  }

  @Test
  void leavesOtherLinesToPicocli() {
    var context = cli.context();
    assertThat(ServeCommand.plain(context, "serve", "--port")).isNull();
    assertThat(ServeCommand.plain(context, "serve", "--help")).isNull();
    assertThat(ServeCommand.plain(context, "serve", "--port", "1", "--port", "2")).isNull();
    assertThat(ServeCommand.plain(context, "serve", "--state", "--port")).isNull();
    assertThat(ServeCommand.plain(context, "serve", "--state", "@file")).isNull();
    assertThat(ServeCommand.plain(context, "serve", "--prot", "1")).isNull();
    assertThat(ServeCommand.plain(context, "demo")).isNull();
  }

  @Test
  void tellsTheLauncherWhatTheJvmMayUse() {
    var result = cli.launch(List.of("serve", "--memory", "1000MiB"));
    assertThat(result.code()).isEqualTo(ExitCode.RESTART);
    assertThat(result.out().lines())
        .contains(
            "-Xmx350m",
            "-XX:MaxDirectMemorySize=450m",
            "-XX:+UseG1GC",
            "-Dio.netty.allocator.maxOrder=9");
    assertThat(cli.launch(List.of("serve", "--memory", "64GiB")).out().lines())
        .contains("-XX:+UseZGC", "-Dio.netty.allocator.maxOrder=11");
    assertThat(cli.started()).isEmpty();
  }

  @Test
  void startsNothingWhereAnythingIsWrong() {
    var result =
        cli.run(
            List.of(
                "serve", "--port", "0", "--memory", "1", "--lease", "9s", "--config", "/no.yaml"));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err())
        .contains(
            "--port must be", "--memory must be", "--lease must be", "/no.yaml does not exist");
    assertThat(cli.started()).isEmpty();
  }
}
