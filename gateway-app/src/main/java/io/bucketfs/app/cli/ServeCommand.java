package io.bucketfs.app.cli;

import io.bucketfs.app.config.ConfigKey;
import io.bucketfs.app.config.ConfigReader;
import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.config.InvalidInputException;
import io.bucketfs.app.config.Problems;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Runs a gateway until it is told to stop. */
@CommandLine.Command(
    name = "serve",
    description = {
      "Runs a gateway until SIGINT or SIGTERM.",
      "Each option is also a key of the configuration file and an environment variable",
      "(BUCKETFS_PORT for --port). Command line beats environment beats file."
    },
    footer = {"%nExample:", "  bucketfs serve --state /var/lib/bucketfs --cache-size 100GiB"})
final class ServeCommand implements Command {
  @Option(
      names = "--state",
      paramLabel = "DIR",
      description = {
        "State directory; default: /var/lib/bucketfs for root,",
        "else ~/.local/share/bucketfs."
      })
  @Nullable String state;

  @Option(names = "--config", paramLabel = "FILE", description = "Configuration file, YAML.")
  @Nullable Path config;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS",
      description = "Address that NFS listens on; default: 0.0.0.0, all.")
  @Nullable String listen;

  @Option(names = "--port", paramLabel = "PORT", description = "NFS port; default: 2049.")
  @Nullable String port;

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      description = "Port of admin API and metrics, on 127.0.0.1; default: 9049.")
  @Nullable String adminPort;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "What the process may use; default: a quarter of the machine.")
  @Nullable String memory;

  @Option(
      names = "--cache-size",
      paramLabel = "SIZE",
      description =
          "What the local tier may occupy; default: 80%% of what is free at the first start.")
  @Nullable String cacheSize;

  @Option(
      names = "--free-space",
      paramLabel = "SIZE",
      description =
          "What the file system of the state directory keeps free, whatever --cache-size says;"
              + " default: 1GiB.")
  @Nullable String freeSpace;

  @Option(
      names = "--lease",
      paramLabel = "TIME",
      description =
          "How long a client may be silent before others may have what it holds; default: 90s.")
  @Nullable String lease;

  @Option(
      names = "--writeback-bandwidth",
      paramLabel = "SIZE",
      description =
          "What all mounts together send to their buckets in a second; default: none, all they"
              + " take.")
  @Nullable String writebackBandwidth;

  @Option(
      names = "--webhook-port",
      paramLabel = "PORT",
      description = "Port where stores tell of changes, at the address of NFS; default: none.")
  @Nullable String webhookPort;

  @Option(
      names = "--webhook-secret-file",
      paramLabel = "FILE",
      description = "Holds the secret that stores must show there, at least 16 characters.")
  @Nullable String webhookSecretFile;

  private final CliContext context;

  /** Options that are no fields here. */
  private final Map<ConfigKey, String> plain = new EnumMap<>(ConfigKey.class);

  ServeCommand(CliContext context) {
    this.context = context;
  }

  /**
   * The command of a line that has nothing but known options, each once and with a value. Such a
   * line is read without picocli, which takes a fifth of a start.
   *
   * @return null for every other line
   */
  static @Nullable ServeCommand plain(CliContext context, String... arguments) {
    if (arguments.length % 2 == 0 || !arguments[0].equals("serve")) {
      return null;
    }
    var command = new ServeCommand(context);
    for (var i = 1; i < arguments.length; i += 2) {
      if (!command.take(arguments[i], arguments[i + 1])) {
        return null;
      }
    }
    return command;
  }

  private boolean take(String option, String value) {
    // What picocli might take for an option, or for a file of options.
    if (value.startsWith("-") || value.startsWith("@")) {
      return false;
    }
    if (option.equals("--config") && config == null) {
      config = Path.of(value);
      return true;
    }
    for (var key : ConfigKey.values()) {
      if (key.option().equals(option)) {
        return plain.putIfAbsent(key, value) == null;
      }
    }
    return false;
  }

  @Override
  public int run() throws IOException, InterruptedException, InvalidInputException {
    var settings = settings();
    if (context.launching()) {
      JvmOptions.of(settings).forEach(context.out()::println);
      return ExitCode.RESTART;
    }
    var gateway = context.starter().start(settings);
    context
        .out()
        .printf(
            "bucketfs serves NFS on %s port %d, admin API and metrics on"
                + " http://127.0.0.1:%d%nready%n",
            settings.listen(), settings.port(), settings.adminPort());
    context.out().flush();
    return context.untilStopped().await(gateway);
  }

  /** The settings from all places. */
  GatewayConfig settings() throws InvalidInputException {
    Map<ConfigKey, String> options = new EnumMap<>(plain);
    put(options, ConfigKey.STATE, state);
    put(options, ConfigKey.LISTEN, listen);
    put(options, ConfigKey.PORT, port);
    put(options, ConfigKey.ADMIN_PORT, adminPort);
    put(options, ConfigKey.MEMORY, memory);
    put(options, ConfigKey.CACHE_SIZE, cacheSize);
    put(options, ConfigKey.FREE_SPACE, freeSpace);
    put(options, ConfigKey.LEASE, lease);
    put(options, ConfigKey.WRITEBACK_BANDWIDTH, writebackBandwidth);
    put(options, ConfigKey.WEBHOOK_PORT, webhookPort);
    put(options, ConfigKey.WEBHOOK_SECRET_FILE, webhookSecretFile);
    var reader =
        new ConfigReader(options, context.environment(), context.machine(), new Problems());
    return reader.read(config);
  }

  private static void put(Map<ConfigKey, String> options, ConfigKey key, @Nullable String text) {
    if (text != null) {
      options.put(key, text);
    }
  }
}
