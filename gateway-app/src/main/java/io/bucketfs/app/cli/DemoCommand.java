package io.bucketfs.app.cli;

import io.bucketfs.app.config.ConfigKey;
import io.bucketfs.app.config.ConfigReader;
import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.config.InvalidInputException;
import io.bucketfs.app.config.MountKey;
import io.bucketfs.app.config.MountSettings;
import io.bucketfs.app.config.Problems;
import io.bucketfs.app.demo.DemoSettings;
import io.bucketfs.app.gateway.Ports;
import io.bucketfs.core.admin.Administration.MountRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** A gateway to try things out. */
@CommandLine.Command(
    name = "demo",
    description = {
      "Runs a gateway with an S3 of its own and a bucket of files to try it on.",
      "It ends with SIGINT or SIGTERM. Starting it again finds everything."
    },
    footer = {"%nExample:", "  bucketfs demo --dir /tmp/bucketfs-demo"})
final class DemoCommand implements Command {
  private static final int OTHER_PORT = 12_049;
  private static final int S3_PORT = 9_000;
  private static final String LOOPBACK = "127.0.0.1";

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "S3 data goes to DIR/s3, state to DIR/state; default: ${DEFAULT-VALUE}.")
  Path directory = Path.of("demo-data");

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "NFS port; default: 2049, or 12049 if that is taken.")
  @Nullable String port;

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      description = "Port of admin API and metrics, on 127.0.0.1; default: 9049.")
  @Nullable String adminPort;

  @Option(
      names = "--s3-port",
      paramLabel = "PORT",
      description = "Port of the S3, on 127.0.0.1; default: ${DEFAULT-VALUE}.")
  int s3Port = S3_PORT;

  @Option(
      names = "--writeback-idle",
      paramLabel = "TIME",
      description = "Write a file back once it is unchanged for this long; default: 60s.")
  @Nullable String writebackIdle;

  private final CliContext context;

  DemoCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public int run() throws IOException, InterruptedException, InvalidInputException {
    var problems = new Problems();
    var request = mount(problems);
    // Throws where anything was wrong, with the mount or the gateway.
    var gateway = gateway(problems);
    var mount = request.orElseThrow();
    if (context.launching()) {
      JvmOptions.of(gateway).forEach(context.out()::println);
      return ExitCode.RESTART;
    }
    var settings =
        new DemoSettings(
            directory.toAbsolutePath().normalize(), gateway, mount, s3Port, libraries());
    requireFreePorts(gateway);
    var demo = context.demoStarter().start(settings);
    print(settings);
    return context.untilStopped().await(demo);
  }

  private Optional<MountRequest> mount(Problems problems) {
    if (s3Port < 1 || s3Port > 65_535) {
      problems.add("--s3-port must be a port from 1 to 65535, but is '" + s3Port + "'.");
    }
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put(MountKey.BUCKET.yaml(), DemoSettings.BUCKET);
    settings.put(MountKey.REGION.yaml(), "us-east-1");
    settings.put(MountKey.ENDPOINT.yaml(), "http://" + LOOPBACK + ":" + s3Port);
    settings.put(MountKey.PATH_STYLE.yaml(), "true");
    if (writebackIdle != null) {
      settings.put(MountKey.WRITEBACK_IDLE.yaml(), writebackIdle);
    }
    return MountSettings.read(settings, key -> "--" + key, problems);
  }

  private GatewayConfig gateway(Problems problems) throws InvalidInputException {
    Map<ConfigKey, String> options = new EnumMap<>(ConfigKey.class);
    options.put(ConfigKey.STATE, directory.resolve("state").toString());
    if (port != null) {
      options.put(ConfigKey.PORT, port);
    }
    if (adminPort != null) {
      options.put(ConfigKey.ADMIN_PORT, adminPort);
    }
    var config =
        new ConfigReader(options, context.environment(), context.machine(), problems).read(null);
    var fallBack =
        config.port() == GatewayConfig.DEFAULT_PORT
            && port == null
            && !Ports.isFree(config.listen(), config.port());
    return fallBack ? config.withPort(OTHER_PORT) : config;
  }

  private Path libraries() throws IOException {
    return context
        .home()
        .map(home -> home.resolve("s3-backend/target/embedded-s3-lib"))
        .orElseThrow(() -> new IOException("Start the demo with the launcher: ./bucketfs demo"));
  }

  /** Told before anything starts, and all at once. */
  private void requireFreePorts(GatewayConfig gateway) throws InvalidInputException {
    var problems = new Problems();
    if (!Ports.isFree(gateway.listen(), gateway.port())) {
      problems.add(taken(gateway.port(), "NFS", "--port"));
    }
    if (!Ports.isFree(LOOPBACK, gateway.adminPort())) {
      problems.add(taken(gateway.adminPort(), "the admin API", "--admin-port"));
    }
    if (!Ports.isFree(LOOPBACK, s3Port)) {
      problems.add(taken(s3Port, "the demo's S3", "--s3-port"));
    }
    problems.throwIfAny();
  }

  private static String taken(int number, String use, String option) {
    return "Port %d for %s is taken: choose another with %s.".formatted(number, use, option);
  }

  private void print(DemoSettings settings) {
    var gateway = settings.gateway();
    context
        .out()
        .printf(
            """
            bucketfs demo in %s
              mount    sudo mount -t nfs4 -o vers=4.2,port=%d %s:/%s /mnt
              S3       http://127.0.0.1:%d  bucket %s  access key %s  secret key %s
              metrics  http://127.0.0.1:%d/metrics
              manage   bucketfs status --state %s
              stop     Ctrl-C, or: kill %d
            ready
            """,
            settings.directory(),
            gateway.port(),
            gateway.listen().equals(GatewayConfig.DEFAULT_LISTEN) ? LOOPBACK : gateway.listen(),
            DemoSettings.BUCKET,
            s3Port,
            DemoSettings.BUCKET,
            DemoSettings.ACCESS_KEY,
            DemoSettings.SECRET_KEY,
            gateway.adminPort(),
            gateway.state(),
            ProcessHandle.current().pid());
    context.out().flush();
  }
}
