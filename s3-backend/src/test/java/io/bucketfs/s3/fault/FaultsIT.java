package io.bucketfs.s3.fault;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.PatternBytes;
import io.bucketfs.core.object.StoreCalls;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.s3.S3ObjectStores;
import io.bucketfs.s3.embedded.EmbeddedS3Process;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole core over the real SDK, and between that and a real S3 whatever can go wrong. */
@Timeout(180)
final class FaultsIT {
  private static final String BUCKET = "faults";
  private static final Path LIBRARIES = Path.of("target", "embedded-s3-lib").toAbsolutePath();

  @TempDir static Path folder = Path.of("");
  private static @Nullable EmbeddedS3Process process;
  private static int spaces;

  private final ThreadExecution execution = new ThreadExecution(1, Meters.NONE);
  private final String space = "space" + spaces++;
  private final FaultProxy proxy = open();
  private final FaultedGateway gateway = gateway();
  private Path keys = Path.of("");

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    process =
        EmbeddedS3Process.start(
            new EmbeddedS3Process.Settings(
                LIBRARIES,
                folder.resolve("data"),
                0,
                "test-access",
                "test-secret",
                BUCKET,
                folder.resolve("log")));
  }

  @AfterAll
  static void stop() {
    if (process != null) {
      process.close();
    }
  }

  private static FaultProxy open() {
    try {
      return new FaultProxy(Objects.requireNonNull(process).endpoint(), 1);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static FaultedGateway gateway() {
    try {
      return new FaultedGateway(Meters.NONE);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @BeforeEach
  void writeKeys() throws IOException {
    keys = folder.resolve(space + "-keys");
    writeKeys("test-secret");
  }

  private void writeKeys(String secret) throws IOException {
    var text = "[ours]\naws_access_key_id = test-access\naws_secret_access_key = " + secret + "\n";
    Files.writeString(keys, text);
  }

  @AfterEach
  void close() throws IOException {
    proxy.always(null);
    proxy.dark(false);
    gateway.close();
    proxy.close();
    execution.close();
  }

  private Credentials credentials() {
    return new Credentials.InFile(keys.toString(), "ours");
  }

  private void mount() throws Exception {
    gateway.mount(space, proxy.endpoint(), BUCKET, credentials());
  }

  private BucketLocation location(String endpoint) {
    return new BucketLocation(BUCKET, "us-east-1", endpoint, true, credentials());
  }

  /** The bucket, past the proxy. */
  private Map<String, String> objects() throws Exception {
    var found = new HashMap<String, String>();
    try (var stores = new S3ObjectStores(Meters.NONE, FaultedGateway.IMPATIENT);
        var store = stores.open(location(Objects.requireNonNull(process).endpoint().toString()))) {
      var calls = new StoreCalls(store, execution);
      for (var key : calls.keys(space + "/")) {
        var size = calls.head(key).version().sizeBytes();
        found.put(
            key.substring(space.length() + 1),
            size == 0 ? "" : new String(calls.get(key, null, 0, size), UTF_8));
      }
    }
    return found;
  }

  @ParameterizedTest
  @CsvSource({
    "SLOW_DOWN, Busy, reduce your request rate",
    "INTERNAL_ERROR, Unreachable, InternalError",
    "EXPIRED_TOKEN, Denied, renew the credentials",
    "ACCESS_DENIED, Denied, see the policy",
    "BAD_DIGEST, Corrupt, BadDigest",
    "NOT_IMPLEMENTED, Rejected, NotImplemented",
    "DROPPED, Unreachable, ''",
    "LOST_REPLY, Unreachable, ''",
    "WRONG_CHECKSUM, Corrupt, CRC32C",
    "SILENCE, Unreachable, no reply in time",
  })
  void aFaultIsKnownForWhatItIs(Fault fault, String kind, String detail) {
    try (var stores = new S3ObjectStores(Meters.NONE, FaultedGateway.IMPATIENT);
        var store = stores.open(location(proxy.endpoint().toString()))) {
      proxy.next("PUT", fault);
      var calls = new StoreCalls(store, execution);
      assertThatThrownBy(
              () -> calls.put(space + "/k", "v".getBytes(UTF_8), Condition.NONE, Map.of()))
          .isInstanceOfSatisfying(
              ObjectStoreException.class,
              e -> {
                assertThat(e.failure().getClass().getSimpleName()).isEqualTo(kind);
                assertThat(e.failure().detail()).contains(detail);
              });
    }
  }

  @Test
  void aBodyThatIsCutOffIsNoSuccess() throws Exception {
    try (var stores = new S3ObjectStores(Meters.NONE, FaultedGateway.IMPATIENT);
        var store = stores.open(location(proxy.endpoint().toString()))) {
      var calls = new StoreCalls(store, execution);
      calls.put(space + "/k", new byte[100_000]);
      proxy.next("GET", Fault.TRUNCATED_BODY);
      assertThatThrownBy(() -> calls.get(space + "/k", null, 0, 100_000))
          .isInstanceOfSatisfying(
              ObjectStoreException.class, e -> assertThat(e.failure().isRetryable()).isTrue());
    }
  }

  @Test
  void aNameThatDoesNotResolveIsToldWithTheRemedy() {
    assertThatThrownBy(
            () -> gateway.mount(space, URI.create("http://s3.invalid:9000"), BUCKET, credentials()))
        .hasMessageContaining("Host name was invalid for dns resolution")
        .hasMessageContaining("check the endpoint");
  }

  /** Nothing twice, nothing lost: the bucket has at the end what the files have, and no more. */
  @Test
  void everythingHealsByItselfWhateverGoesWrong() throws Exception {
    mount();
    var random = new SplittableRandom(7);
    var expected = new HashMap<String, String>();
    proxy.chances(
        Map.of(
            Fault.SLOW_DOWN, 0.05,
            Fault.INTERNAL_ERROR, 0.05,
            Fault.DROPPED, 0.05,
            Fault.LOST_REPLY, 0.1,
            Fault.TRUNCATED_BODY, 0.05,
            Fault.BAD_DIGEST, 0.03,
            Fault.WRONG_CHECKSUM, 0.03));
    for (var round = 0; round < 150; round++) {
      var name = "f" + random.nextInt(30);
      switch (random.nextInt(6)) {
        case 0 -> {
          if (expected.remove(name) != null) {
            gateway.remove(space, name);
          }
        }
        case 1 -> {
          var text = expected.remove(name);
          var other = "g" + random.nextInt(30);
          if (text != null) {
            gateway.rename(space, name, other);
            expected.put(other, text);
          }
        }
        default -> {
          var text = "round " + round + " ".repeat(random.nextInt(10_000));
          gateway.write(space, name, text);
          expected.put(name, text);
        }
      }
      Thread.sleep(random.nextInt(40));
    }
    var big = new String(PatternBytes.of(3, 0, 7 << 20), ISO_8859_1);
    gateway.write(space, "big", big);
    expected.put("big", big);
    Thread.sleep(2_000);
    proxy.chances(Map.of());
    assertThat(gateway.flush(space)).isEqualTo("[]");
    assertThat(objects()).isEqualTo(expected);
    assertThat(gateway.status(space).conflicts()).isZero();
  }

  @Test
  void inTheDarkWhatIsHereGoesOnAndMissesWait() throws Exception {
    mount();
    gateway.write(space, "cached", "here");
    gateway.write(space, "missed", "there");
    assertThat(gateway.flush(space)).isEqualTo("[]");
    try (var late = new FaultedGateway(Meters.NONE)) {
      // Another gateway that has seen nothing of the bucket.
      late.mount(space, proxy.endpoint(), BUCKET, credentials());
      assertThat(late.read(space, "cached")).isEqualTo("here");
      proxy.dark(true);
      var miss = CompletableFuture.supplyAsync(() -> uncheckedRead(late, "missed"));
      for (var i = 0; i < 200; i++) {
        late.write(space, "new" + i, "written in the dark");
      }
      late.rename(space, "new0", "renamed");
      Thread.sleep(8_000);
      assertThat(late.read(space, "cached")).isEqualTo("here");
      assertThat(late.read(space, "new199")).isEqualTo("written in the dark");
      assertThat(miss).isNotDone();
      var before = proxy.requests();
      Thread.sleep(10_000);
      assertThat(proxy.requests() - before).as("in ten seconds").isLessThan(15);
      proxy.dark(false);
      assertThat(miss.get(20, TimeUnit.SECONDS)).isEqualTo("there");
      assertThat(late.flush(space)).isEqualTo("[]");
      assertThat(late.status(space).conflicts()).isZero();
      assertThat(objects()).hasSize(202).containsEntry("renamed", "written in the dark");
    }
  }

  private String uncheckedRead(FaultedGateway from, String name) {
    try {
      return from.read(space, name);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Both mounts are on one S3, behind one address: only connections and limits tell them apart. */
  @Test
  void aMountThatHangsDoesNotSlowAnother() throws Exception {
    var well = space + "-well";
    mount();
    for (var i = 0; i < 300; i++) {
      gateway.write(space, "f" + i, "slow");
    }
    assertThat(gateway.flush(space)).isEqualTo("[]");
    try (var late = new FaultedGateway(Meters.NONE)) {
      late.mount(space, proxy.endpoint(), BUCKET, credentials());
      late.mount(well, Objects.requireNonNull(process).endpoint(), BUCKET, credentials());
      late.write(well, "warm", "up");
      late.read(space, "f0");
      assertThat(late.flush(well)).isEqualTo("[]");
      proxy.always(Fault.SILENCE);
      var hanging = new ArrayList<Thread>();
      for (var i = 0; i < 300; i++) {
        var name = "f" + i;
        hanging.add(Thread.ofVirtual().start(() -> hang(late, name)));
        late.write(space, "more" + i, "slow");
      }
      Thread.sleep(1_500);
      for (var i = 0; i < 20; i++) {
        var start = System.nanoTime();
        late.write(well, "w" + i, "quick");
        assertThat(late.flush(well)).isEqualTo("[]");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
      }
      proxy.always(null);
      for (var thread : hanging) {
        thread.join();
      }
      assertThat(late.flush(space)).isEqualTo("[]");
    }
  }

  private void hang(FaultedGateway from, String name) {
    try {
      from.read(space, name);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void keysThatRunOutAreToldAndReplacedWhileRunning() throws Exception {
    mount();
    gateway.write(space, "f", "before");
    assertThat(gateway.flush(space)).isEqualTo("[]");
    writeKeys("another-secret");
    await(() -> {
      // The file is looked at now and then.
      gateway.write(space, "f", "after");
      return gateway.flush(space).contains("secret key");
    });
    assertThat(gateway.read(space, "f")).isEqualTo("after");
    assertThat(gateway.status(space).failing()).isOne();
    writeKeys("test-secret");
    await(() -> gateway.flush(space).equals("[]"));
    assertThat(objects()).isEqualTo(Map.of("f", "after"));
    assertThat(gateway.status(space).conflicts()).isZero();
  }

  @Test
  void aFileOfKeysThatIsMissingIsNamed() {
    assertThatThrownBy(() ->
            gateway.mount(
                space,
                proxy.endpoint(),
                BUCKET,
                new Credentials.InFile("/nonexistent/keys", "ours")))
        .hasMessageContaining("/nonexistent/keys")
        .hasMessageContaining("[ours]");
  }

  @Test
  void variablesThatAreMissingAreNamed() {
    assertThatThrownBy(() ->
            gateway.mount(space, proxy.endpoint(), BUCKET, new Credentials.InEnvironment("UNSET")))
        .hasMessageContaining("set UNSET_ACCESS_KEY_ID and UNSET_SECRET_ACCESS_KEY");
  }

  @FunctionalInterface
  private interface Check {
    boolean holds() throws Exception;
  }

  private static void await(Check check) throws Exception {
    for (var i = 0; i < 150; i++) {
      if (check.holds()) {
        return;
      }
      Thread.sleep(200);
    }
    throw new AssertionError("it did not come to hold");
  }
}
