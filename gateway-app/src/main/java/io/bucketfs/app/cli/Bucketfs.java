package io.bucketfs.app.cli;

import io.bucketfs.app.config.Machine;
import io.bucketfs.app.demo.Demo;
import io.bucketfs.app.gateway.GatewayProcess;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/** The command line of this process. */
public final class Bucketfs {
  /** Set by the launcher when it asks for the options of the JVM. */
  private static final String LAUNCHING = "bucketfs.launching";

  /** Set by the launcher when it makes an archive of classes: a directory to use. */
  private static final String TRAINING = "bucketfs.training";

  /** Set by the launcher: where it is. */
  private static final String HOME = "bucketfs.home";

  private Bucketfs() {}

  /** Runs a command and returns the exit code. */
  public static int run(String... arguments) {
    var training = System.getProperty(TRAINING);
    if (training == null) {
      return new Cli(context(System.getenv(), Signals::await)).run(arguments);
    }
    try {
      return Training.run(context(Training.ENVIRONMENT, Training::stop), Path.of(training));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CliContext context(Map<String, String> environment, UntilStopped untilStopped) {
    return new CliContext(
        new PrintWriter(System.out, true, StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, StandardCharsets.UTF_8),
        environment,
        Machine.current(),
        host(),
        InstantSource.system(),
        Boolean.getBoolean(LAUNCHING),
        config -> GatewayProcess.start(config, Version.current()),
        settings -> Demo.start(settings, Version.current()),
        untilStopped,
        Optional.ofNullable(System.getProperty(HOME)).map(Path::of));
  }

  /** The machine's name, read where Linux keeps it, since the JDK would ask DNS. */
  private static String host() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException _) {
      return "localhost";
    }
  }
}
