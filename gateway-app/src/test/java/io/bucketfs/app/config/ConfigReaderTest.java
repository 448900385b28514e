package io.bucketfs.app.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.mount.Mount.Policy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class ConfigReaderTest {
  private static final Machine MACHINE = new Machine(16L << 30, false, Path.of("/home/me"));

  /** A value for each key that is not its default. */
  private static final Map<ConfigKey, String> SAMPLES =
      Map.ofEntries(
          Map.entry(ConfigKey.STATE, "/srv/state"),
          Map.entry(ConfigKey.LISTEN, "127.0.0.1"),
          Map.entry(ConfigKey.PORT, "12049"),
          Map.entry(ConfigKey.ADMIN_PORT, "19049"),
          Map.entry(ConfigKey.MEMORY, "3GiB"),
          Map.entry(ConfigKey.CACHE_SIZE, "100GiB"),
          Map.entry(ConfigKey.FREE_SPACE, "5GiB"),
          Map.entry(ConfigKey.LEASE, "30s"),
          Map.entry(ConfigKey.WRITEBACK_BANDWIDTH, "10MiB"),
          Map.entry(ConfigKey.WEBHOOK_PORT, "12050"),
          Map.entry(ConfigKey.WEBHOOK_SECRET_FILE, "/srv/secret"));

  @TempDir Path directory;

  @Test
  void hasADefaultForEverything() throws InvalidInputException {
    var config = read(Map.of(), Map.of(), null);
    assertThat(config)
        .isEqualTo(
            new GatewayConfig(
                Path.of("/home/me/.local/share/bucketfs"),
                "0.0.0.0",
                2049,
                9049,
                4L << 30,
                OptionalLong.empty(),
                1L << 30,
                Duration.ofSeconds(90),
                List.of(),
                null,
                null,
                false,
                ExportPolicy.NO_LIMIT));
  }

  @Test
  void keepsTheStateOfRootInVar() {
    assertThat(new Machine(1, true, Path.of("/root")).defaultState())
        .isEqualTo(Path.of("/var/lib/bucketfs"));
  }

  @Test
  void takesAtLeastWhatIsNeededOfASmallMachine() {
    assertThat(new Machine(1L << 30, true, Path.of("/root")).defaultMemoryBytes())
        .isEqualTo(512L << 20);
  }

  @ParameterizedTest
  @EnumSource(ConfigKey.class)
  void readsEachKeyFromEachPlace(ConfigKey key) throws Exception {
    var text = SAMPLES.get(key);
    assertThat(text).isNotNull();
    var standard = valueOf(key, read(Map.of(), Map.of(), null));
    // Some only make sense together.
    var others = new HashMap<ConfigKey, String>();
    if (key == ConfigKey.WEBHOOK_PORT) {
      others.put(ConfigKey.WEBHOOK_SECRET_FILE, "/other");
    } else if (key == ConfigKey.WEBHOOK_SECRET_FILE) {
      others.put(ConfigKey.WEBHOOK_PORT, "1");
    }
    var options = new HashMap<>(others);
    options.put(key, text);
    var byOption = valueOf(key, read(options, Map.of(), null));
    assertThat(byOption).isNotEqualTo(standard);
    assertThat(valueOf(key, read(others, Map.of(key.environment(), text), null)))
        .isEqualTo(byOption);
    assertThat(valueOf(key, read(others, Map.of(), file(key.yaml() + ": " + text))))
        .isEqualTo(byOption);
  }

  @Test
  void wantsAPortAndASecretForAWebhook() throws IOException {
    var file = file("webhook-port: 5\n");
    assertThat(failure(Map.of(), file).problems())
        .containsExactly(
            "webhook-port and webhook-secret-file belong together: give both or none.");
    var taken = file("webhook-port: 9049\nwebhook-secret-file: /s\n");
    assertThat(failure(Map.of(), taken).problems())
        .containsExactly("webhook-port must not be 9049 as another port is.");
  }

  @Test
  void refusesABandwidthThatStandsStill() throws Exception {
    assertThat(
            failure(Map.of(ConfigKey.WRITEBACK_BANDWIDTH, "65535B"), file("port: 2049\n"))
                .problems())
        .containsExactly(
            "--writeback-bandwidth must be "
                + ByteSizes.FORM
                + " for each second, at least 64KiB, or none, but is '65535B'.");
    var least = read(Map.of(ConfigKey.WRITEBACK_BANDWIDTH, "64KiB"), Map.of(), null);
    assertThat(least.writebackBytesPerSecondMax()).isEqualTo(64 << 10);
  }

  @Test
  void putsCommandLineBeforeEnvironmentBeforeFile() throws Exception {
    var file = file("port: 3\nadmin-port: 3\nlisten: 10.0.0.3\n");
    var config =
        read(
            Map.of(ConfigKey.PORT, "1"),
            Map.of("BUCKETFS_PORT", "2", "BUCKETFS_ADMIN_PORT", "2"),
            file);
    assertThat(config.port()).isEqualTo(1);
    assertThat(config.adminPort()).isEqualTo(2);
    assertThat(config.listen()).isEqualTo("10.0.0.3");
  }

  @Test
  void readsMounts() throws Exception {
    var config =
        read(
            Map.of(),
            Map.of(),
            file(
                """
                mounts:
                  - bucket: my-data
                    region: us-east-1
                  - {name: logs, bucket: b-2, region: eu-west-1, prefix: a/b, read-only: true}
                  - bucket: team-data
                    region: us-east-1
                    clients: [10.0.0.0/8, 'any,ro']
                    sub-exports:
                      - team path=teams/a
                """));
    assertThat(config.mounts()).hasSize(3);
    assertThat(AccessText.ofClients(config.mounts().get(2).access()))
        .containsExactly("10.0.0.0/8,rw,squash=none", "any,ro,squash=none");
    assertThat(AccessText.ofSubExports(config.mounts().get(2).access()))
        .containsExactly("team path=teams/a");
    assertThat(config.mounts().getFirst().name()).isEqualTo("my-data");
    assertThat(config.mounts().getFirst().policy()).isEqualTo(Policy.DEFAULT);
    assertThat(config.mounts().get(1).prefix()).isEqualTo("a/b/");
    assertThat(config.mounts().get(1).policy().readOnly()).isTrue();
  }

  @Test
  void namesEveryMistakeAtOnce() throws IOException {
    var file =
        file(
            """
            port: http
            cache-size: 1
            colour: blue
            listen: {a: b}
            mounts:
              - {bucket: B, region: us-east-1, sparkle: 1}
              - nothing
            """);
    var failure = failure(Map.of(ConfigKey.MEMORY, "much"), file);
    assertThat(failure.problems())
        .containsExactlyInAnyOrder(
            "--memory must be a size such as 512MiB or 10GiB, at least 512MiB, but is 'much'.",
            "Unknown key colour in " + file + ".",
            "listen in " + file + " must be a single value.",
            "listen in " + file + " must be an IP address such as 0.0.0.0 or 127.0.0.1, but is ''.",
            "mounts[1] in " + file + " must hold keys and values.",
            "port in " + file + " must be a port from 1 to 65535, but is 'http'.",
            "cache-size in "
                + file
                + " must be a size such as 512MiB or 10GiB, at least 1GiB, but is '1'.",
            "Unknown setting mounts[0].sparkle in " + file + ".",
            "mounts[0].bucket in "
                + file
                + " must be a bucket name (3 to 63 lower-case letters, digits, dots and hyphens),"
                + " but is 'B'.");
  }

  @ParameterizedTest
  @CsvSource({"port, 0", "port, 65536", "admin-port, -1", "listen, gateway", "memory, 511MiB"})
  void refusesWhatIsOutOfBounds(String key, String text) throws IOException {
    assertThat(failure(Map.of(), file(key + ": " + text)).problems()).hasSize(1);
  }

  @Test
  void refusesOnePortForTwoThings() throws IOException {
    assertThat(failure(Map.of(), file("port: 9049")).problems())
        .containsExactly("port and admin-port must not both be 9049.");
  }

  @Test
  void refusesAFileThatIsNotThere() {
    assertThat(failure(Map.of(), Path.of("/no/such.yaml")).problems())
        .containsExactly("The configuration file /no/such.yaml does not exist.");
  }

  @ParameterizedTest
  @CsvSource({"'a: [', is no valid YAML", "'- 1', must hold keys", "'port: 1\nport: 2', no valid"})
  void refusesWhatIsNoConfiguration(String text, String complaint) throws IOException {
    assertThat(failure(Map.of(), file(text)).problems())
        .singleElement()
        .asString()
        .contains(complaint);
  }

  @Test
  void refusesTwoMountsOfOneName() throws IOException {
    var mount = "  - {name: a, bucket: my-data, region: us-east-1}\n";
    var file = file("mounts:\n" + mount + mount);
    assertThat(failure(Map.of(), file).problems())
        .containsExactly("Two mounts in " + file + " are named a.");
  }

  @Test
  void acceptsAnEmptyFile() throws Exception {
    assertThat(read(Map.of(), Map.of(), file("# nothing yet\n")).port()).isEqualTo(2049);
  }

  private static Object valueOf(ConfigKey key, GatewayConfig config) {
    return switch (key) {
      case STATE -> config.state();
      case LISTEN -> config.listen();
      case PORT -> config.port();
      case ADMIN_PORT -> config.adminPort();
      case MEMORY -> config.memoryBytes();
      case CACHE_SIZE -> config.cacheSizeBytes();
      case FREE_SPACE -> config.freeSpaceBytes();
      case LEASE -> config.lease();
      case WRITEBACK_BANDWIDTH -> config.writebackBytesPerSecondMax();
      case WEBHOOK_PORT, WEBHOOK_SECRET_FILE -> Optional.ofNullable(config.webhook());
    };
  }

  private static GatewayConfig read(
      Map<ConfigKey, String> options, Map<String, String> environment, @Nullable Path file)
      throws InvalidInputException {
    return new ConfigReader(options, environment, MACHINE, new Problems()).read(file);
  }

  private static InvalidInputException failure(Map<ConfigKey, String> options, Path file) {
    var failure =
        catchThrowableOfType(InvalidInputException.class, () -> read(options, Map.of(), file));
    assertThat(failure).isNotNull();
    return failure;
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("bucketfs.yaml"), text);
  }
}
