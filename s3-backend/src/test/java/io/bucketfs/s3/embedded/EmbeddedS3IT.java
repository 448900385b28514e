package io.bucketfs.s3.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.object.ByteArrayBody;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.MultipartContract;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStore.PutRequest;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.StoreCalls;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.s3.S3ObjectStores;
import io.bucketfs.s3.S3Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real SDK against the embedded S3 in its own process. */
final class EmbeddedS3IT extends MultipartContract {
  private static final String BUCKET = "contract";

  @TempDir static Path folder = Path.of("");

  private static final ThreadExecution EXECUTION = new ThreadExecution(1, Meters.NONE);
  private static final S3ObjectStores STORES = new S3ObjectStores(Meters.NONE, S3Settings.DEFAULT);
  private static final SharedProcess SHARED = new SharedProcess();

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    System.setProperty("aws.accessKeyId", "test-access");
    System.setProperty("aws.secretAccessKey", "test-secret");
    SHARED.start(folder);
  }

  @AfterAll
  static void stop() {
    STORES.close();
    SHARED.stop();
    EXECUTION.close();
  }

  @Override
  protected ObjectStore store() {
    return SHARED.store();
  }

  @Override
  protected Execution execution() {
    return EXECUTION;
  }

  @Override
  protected StoreTraits traits() {
    // S3Proxy does not look at the target's condition of a copy.
    return new StoreTraits(true, true, false, true, true, true, true);
  }

  @Override
  protected boolean takesAnyKey() {
    // Keys are paths of files, so that a//b is a/b and long names are refused.
    return false;
  }

  @Override
  protected boolean tellsChecksums() {
    // S3Proxy verifies what comes with a part, and says nothing of it.
    return false;
  }

  @Override
  protected boolean refusesPartsOfNoUpload() {
    return false;
  }

  @Test
  void keepsObjectsAndMetadataOverARestart() throws Exception {
    var log = folder.resolve("restart.log");
    var data = folder.resolve("restart");
    var settings =
        new EmbeddedS3Process.Settings(
            SharedProcess.LIBRARIES, data, 0, "test-access", "test-secret", BUCKET, log);
    try (var first = EmbeddedS3Process.start(settings)) {
      calls(first).put("dir/k", bytes("v"), Condition.NONE, Map.of("file-owner", "7"));
    }
    try (var second = EmbeddedS3Process.start(settings)) {
      assertThat(calls(second).head("dir/k").metadata()).isEqualTo(Map.of("file-owner", "7"));
      assertThat(calls(second).get("dir/k", null, 0, 1)).isEqualTo(bytes("v"));
    }
  }

  /** Once more does no harm, also where it holds something. */
  @Test
  void makesABucketThatIsNotThere() throws Exception {
    var location = location(SHARED.process());
    try (var store =
        STORES.open(
            new BucketLocation(
                "made-here",
                location.region(),
                location.endpoint(),
                location.pathStyle(),
                location.credentials()))) {
      var calls = new StoreCalls(store, EXECUTION);
      assertThatThrownBy(() -> calls.put("k", bytes("v")))
          .isInstanceOf(ObjectStoreException.class)
          .hasMessageContaining("create the bucket");
      EXECUTION.await(store.createBucket(), Patience.FOREVER);
      calls.put("k", bytes("v"));
      EXECUTION.await(store.createBucket(), Patience.FOREVER);
      assertThat(calls.get("k", null, 0, 1)).isEqualTo(bytes("v"));
    }
  }

  @Test
  void conditionsAreAtomic() throws ObjectStoreException {
    var calls = new StoreCalls(store(), EXECUTION);
    for (int round = 0; round < 20; round++) {
      var key = "race-" + round;
      var base = calls.put(key, bytes("0"));
      var puts =
          IntStream.range(0, 16)
              .mapToObj(i ->
                  store()
                      .put(
                          new PutRequest(key, Condition.matches(base), Map.of(), null),
                          new ByteArrayBody(bytes("writer " + i)))
                      .toCompletableFuture())
              .toList();
      var won = puts.stream().filter(put -> put.handle((_, e) -> e == null).join()).count();
      assertThat(won).isEqualTo(1);
    }
  }

  private static StoreCalls calls(EmbeddedS3Process process) {
    return new StoreCalls(STORES.open(location(process)), EXECUTION);
  }

  private static BucketLocation location(EmbeddedS3Process process) {
    return new BucketLocation(
        BUCKET,
        "us-east-1",
        process.endpoint().toString(),
        true,
        new BucketLocation.Credentials.DefaultChain());
  }

  /** The process that the contract runs against. */
  private static final class SharedProcess {
    static final Path LIBRARIES = Path.of("target", "embedded-s3-lib").toAbsolutePath();

    private @Nullable EmbeddedS3Process process;
    private @Nullable ObjectStore store;

    void start(Path folder) throws IOException, InterruptedException {
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
      store = STORES.open(location(process));
    }

    ObjectStore store() {
      return Objects.requireNonNull(store);
    }

    EmbeddedS3Process process() {
      return Objects.requireNonNull(process);
    }

    void stop() {
      if (process != null) {
        process.close();
      }
    }
  }
}
