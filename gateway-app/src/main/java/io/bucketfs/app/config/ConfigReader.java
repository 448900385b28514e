package io.bucketfs.app.config;

import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.mount.ExportPolicy;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Puts the settings of a gateway together: command line before environment before file before
 * default. Every mistake is told at once, with the place that it stands in.
 */
public final class ConfigReader {
  private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

  private final Map<ConfigKey, String> options;
  private final Map<String, String> environment;
  private final Machine machine;
  private final Problems problems;

  /**
   * A reader.
   *
   * @param options what the command line says
   * @param environment the process's environment
   * @param machine what defaults depend on
   * @param problems gets every mistake
   */
  public ConfigReader(
      Map<ConfigKey, String> options,
      Map<String, String> environment,
      Machine machine,
      Problems problems) {
    this.options = Map.copyOf(options);
    this.environment = Map.copyOf(environment);
    this.machine = machine;
    this.problems = problems;
  }

  /** Text of a setting and the place it came from. */
  private record Found(String label, String text) {}

  /** Reads everything; throws where anything is wrong. */
  public GatewayConfig read(@Nullable Path file) throws InvalidInputException {
    var yaml = file == null ? YamlFile.EMPTY : YamlFile.read(file, problems);
    var memory = size(ConfigKey.MEMORY, GatewayConfig.MEMORY_BYTES_MIN, yaml, file);
    var config =
        new GatewayConfig(
            state(yaml, file),
            listen(yaml, file),
            port(ConfigKey.PORT, GatewayConfig.DEFAULT_PORT, yaml, file),
            port(ConfigKey.ADMIN_PORT, GatewayConfig.DEFAULT_ADMIN_PORT, yaml, file),
            memory.orElse(machine.defaultMemoryBytes()),
            size(ConfigKey.CACHE_SIZE, GatewayConfig.CACHE_SIZE_BYTES_MIN, yaml, file),
            size(ConfigKey.FREE_SPACE, 0, yaml, file)
                .orElse(GatewayConfig.DEFAULT_FREE_SPACE_BYTES),
            lease(yaml, file),
            file == null ? List.of() : mounts(yaml, file),
            file,
            webhook(yaml, file),
            memory.isPresent(),
            writebackBandwidth(yaml, file));
    var webhook = config.webhook();
    if (webhook != null
        && (webhook.port() == config.port() || webhook.port() == config.adminPort())) {
      problems.add("webhook-port must not be " + webhook.port() + " as another port is.");
    }
    if (config.port() == config.adminPort()) {
      problems.add("port and admin-port must not both be " + config.port() + ".");
    }
    problems.throwIfAny();
    return config;
  }

  /** Only the state directory, for commands that talk to a running gateway. */
  public Path state() {
    return state(YamlFile.EMPTY, null);
  }

  private Path state(YamlFile yaml, @Nullable Path file) {
    return find(ConfigKey.STATE, yaml, file)
        .map(found -> Path.of(found.text()))
        .orElseGet(machine::defaultState)
        .toAbsolutePath()
        .normalize();
  }

  private String listen(YamlFile yaml, @Nullable Path file) {
    var found = find(ConfigKey.LISTEN, yaml, file);
    if (found.isEmpty()) {
      return GatewayConfig.DEFAULT_LISTEN;
    }
    var text = found.get().text();
    // Only literals, since a name would be looked up, and could mean something else later.
    try {
      if (ADDRESS.matcher(text).matches()) {
        return InetAddress.ofLiteral(text).getHostAddress();
      }
    } catch (IllegalArgumentException _) {
      // Reported below, as a name is.
    }
    problem(found.get(), "must be an IP address such as 0.0.0.0 or 127.0.0.1");
    return text;
  }

  private int port(ConfigKey key, int standard, YamlFile yaml, @Nullable Path file) {
    var found = find(key, yaml, file);
    if (found.isEmpty()) {
      return standard;
    }
    try {
      var port = Integer.parseInt(found.get().text());
      if (port >= 1 && port <= 65_535) {
        return port;
      }
    } catch (NumberFormatException _) {
      // Reported below, as a number that is no port.
    }
    problem(found.get(), "must be a port from 1 to 65535");
    return standard;
  }

  private GatewayConfig.@Nullable Webhook webhook(YamlFile yaml, @Nullable Path file) {
    var port = find(ConfigKey.WEBHOOK_PORT, yaml, file);
    var secret = find(ConfigKey.WEBHOOK_SECRET_FILE, yaml, file);
    if (port.isEmpty() && secret.isEmpty()) {
      return null;
    }
    if (port.isEmpty() || secret.isEmpty()) {
      problems.add("webhook-port and webhook-secret-file belong together: give both or none.");
      return null;
    }
    return new GatewayConfig.Webhook(
        port(ConfigKey.WEBHOOK_PORT, 0, yaml, file),
        Path.of(secret.get().text()).toAbsolutePath().normalize());
  }

  private OptionalLong size(ConfigKey key, long min, YamlFile yaml, @Nullable Path file) {
    var found = find(key, yaml, file);
    if (found.isEmpty()) {
      return OptionalLong.empty();
    }
    var bytes = ByteSizes.parse(found.get().text());
    if (bytes.isEmpty() || bytes.getAsLong() < min) {
      problem(
          found.get(),
          "must be " + ByteSizes.FORM + ", at least " + ByteSizes.format(min).replace(" ", ""));
      return OptionalLong.empty();
    }
    return bytes;
  }

  private long writebackBandwidth(YamlFile yaml, @Nullable Path file) {
    var found = find(ConfigKey.WRITEBACK_BANDWIDTH, yaml, file);
    if (found.isEmpty()) {
      return ExportPolicy.NO_LIMIT;
    }
    var rate = ExportText.rate(found.get().text());
    if (rate.isEmpty()) {
      problem(found.get(), "must be " + ExportText.RATE_FORM);
    }
    return rate.orElse(ExportPolicy.NO_LIMIT);
  }

  private Duration lease(YamlFile yaml, @Nullable Path file) {
    var found = find(ConfigKey.LEASE, yaml, file);
    if (found.isEmpty()) {
      return GatewayConfig.DEFAULT_LEASE;
    }
    var lease = Durations.parse(found.get().text());
    if (lease.isEmpty()
        || lease.get().compareTo(GatewayConfig.LEASE_MIN) < 0
        || lease.get().compareTo(GatewayConfig.LEASE_MAX) > 0) {
      problem(found.get(), "must be " + Durations.FORM + ", from 10s to 1h");
      return GatewayConfig.DEFAULT_LEASE;
    }
    return lease.get();
  }

  private List<MountRequest> mounts(YamlFile yaml, Path file) {
    List<MountRequest> requests = new ArrayList<>();
    var names = new HashSet<String>();
    for (var i = 0; i < yaml.mounts().size(); i++) {
      var where = "mounts[" + i + "].";
      MountSettings.read(yaml.mounts().get(i), key -> where + key + " in " + file, problems)
          .ifPresent(request -> {
            if (!names.add(request.name())) {
              problems.add("Two mounts in " + file + " are named " + request.name() + ".");
            }
            requests.add(request);
          });
    }
    return requests;
  }

  private Optional<Found> find(ConfigKey key, YamlFile yaml, @Nullable Path file) {
    var option = options.get(key);
    if (option != null) {
      return Optional.of(new Found(key.option(), option));
    }
    var variable = environment.get(key.environment());
    if (variable != null && !variable.isEmpty()) {
      return Optional.of(new Found("$" + key.environment(), variable));
    }
    var value = yaml.values().get(key);
    return value == null
        ? Optional.empty()
        : Optional.of(new Found(key.yaml() + " in " + file, value));
  }

  private void problem(Found found, String complaint) {
    problems.add(found.label() + " " + complaint + ", but is '" + found.text() + "'.");
  }
}
