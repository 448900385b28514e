package io.bucketfs.s3.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.admin.StoreProbe;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.Encryption;
import io.bucketfs.core.object.MultipartContract;
import io.bucketfs.core.object.ObjectHeaders;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStore.CopyRequest;
import io.bucketfs.core.object.ObjectStore.PutRequest;
import io.bucketfs.core.object.Placement;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real SDK against a second S3, which others wrote: Adobe's S3Mock in its own process. */
final class S3MockIT extends MultipartContract {
  private static final String BUCKET = "contract";

  @TempDir static Path folder = Path.of("");

  private static final ThreadExecution EXECUTION = new ThreadExecution(1, Meters.NONE);
  private static final S3ObjectStores STORES = new S3ObjectStores(Meters.NONE, S3Settings.DEFAULT);
  private static @Nullable S3MockProcess process;
  private static @Nullable ObjectStore store;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    System.setProperty("aws.accessKeyId", "test-access");
    System.setProperty("aws.secretAccessKey", "test-secret");
    process = S3MockProcess.start(folder, BUCKET);
    store =
        STORES.open(
            new BucketLocation(
                BUCKET,
                "us-east-1",
                process.endpoint().toString(),
                true,
                new BucketLocation.Credentials.DefaultChain()));
  }

  @AfterAll
  static void stop() {
    STORES.close();
    if (process != null) {
      process.close();
    }
    EXECUTION.close();
  }

  @Override
  protected ObjectStore store() {
    return Objects.requireNonNull(store);
  }

  @Override
  protected Execution execution() {
    return EXECUTION;
  }

  @Override
  protected StoreTraits traits() {
    // It does not look at the target's condition of a copy. Parts that it copies have no checksum,
    // and without one for each it does not complete an upload that was begun with checksums.
    return new StoreTraits(true, true, false, true, true, false, false);
  }

  @Override
  protected boolean listsInOrderOfUtf8() {
    return false;
  }

  @Override
  protected boolean pagesHoldPrefixes() {
    return false;
  }

  /** The contract's assumptions above are what the probe finds, so that a mount knows them too. */
  @Test
  void theProbeFindsWhatItCannotDo() throws Exception {
    assertThat(new StoreProbe(EXECUTION).probe(store(), "probe/", false)).isEqualTo(traits());
    assertThat(s3().keys("probe/")).isEmpty();
  }

  @Test
  void keepsHeadersTagsAndStorageClass() throws Exception {
    var headers =
        new ObjectHeaders(
            "max-age=60",
            "inline",
            "gzip",
            "de",
            "Thu, 01 Jan 2032 00:00:00 GMT",
            "STANDARD_IA",
            false);
    var tags = Map.of("team", "a-b", "cost", "7");
    var placement = new Placement(headers, new Encryption.OfStore(), tags);
    var body = BodySource.ofBytes("v".getBytes(UTF_8));
    var put =
        new PutRequest(space() + "k", Condition.NONE, Map.of("m", "1"), "text/odd", placement);
    var version = EXECUTION.await(store().put(put, body), Patience.FOREVER);
    var head = s3().head(space() + "k");
    assertThat(head.headers().untagged()).isEqualTo(headers);
    assertThat(EXECUTION.await(store().tags(space() + "k"), Patience.FOREVER)).isEqualTo(tags);
    var kept = new Placement(headers, Encryption.OF_BUCKET, Map.of());
    var copy =
        new CopyRequest(
            space() + "k", version, space() + "c", Condition.NONE, Map.of(), "text/odd", kept);
    EXECUTION.await(store().copy(copy), Patience.FOREVER);
    assertThat(s3().head(space() + "c").headers().untagged()).isEqualTo(headers);
    assertThat(EXECUTION.await(store().tags(space() + "c"), Patience.FOREVER)).isEqualTo(tags);
  }
}
