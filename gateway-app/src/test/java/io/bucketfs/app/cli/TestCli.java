package io.bucketfs.app.cli;

import io.bucketfs.app.FakeAdministration;
import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.config.Machine;
import io.bucketfs.app.demo.DemoSettings;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The command line with a world of its own. Starts no gateway, but keeps what would be started. */
final class TestCli {
  private final Map<String, String> environment;
  private final List<GatewayConfig> started = new ArrayList<>();

  private final List<DemoSettings> demos = new ArrayList<>();

  TestCli(Map<String, String> environment) {
    this.environment = environment;
  }

  /** What a command left behind. */
  record Result(int code, String out, String err) {}

  Result run(List<String> arguments) {
    return run(arguments, false);
  }

  /** As the launcher runs it when it asks for the options of the JVM. */
  Result launch(List<String> arguments) {
    return run(arguments, true);
  }

  List<GatewayConfig> started() {
    return started;
  }

  List<DemoSettings> demos() {
    return demos;
  }

  private Result run(List<String> arguments, boolean launching) {
    var out = new StringWriter();
    var err = new StringWriter();
    var context = context(out, err, launching);
    var code = new Cli(context).run(arguments.toArray(String[]::new));
    return new Result(code, out.toString(), err.toString());
  }

  /** What commands know that print nothing. */
  CliContext context() {
    return context(new StringWriter(), new StringWriter(), false);
  }

  private CliContext context(StringWriter out, StringWriter err, boolean launching) {
    return new CliContext(
        new PrintWriter(out),
        new PrintWriter(err),
        environment,
        new Machine(16L << 30, false, Path.of("/home/me")),
        "gateway",
        InstantSource.fixed(FakeAdministration.THEN.plusSeconds(60)),
        launching,
        config -> {
          started.add(config);
          return () -> {};
        },
        settings -> {
          demos.add(settings);
          return () -> {};
        },
        service -> ExitCode.OK,
        Optional.of(Path.of("/opt/bucketfs")));
  }
}
