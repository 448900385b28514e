package io.bucketfs.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.admin.StoreProbe;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.CollectingSink;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.MemoryStores;
import io.bucketfs.core.object.MultipartContract;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStore.PutRequest;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.object.PatternBytes;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.object.StoreCalls;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.s3.front.S3Front;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The real SDK over HTTP against the S3 in memory. */
final class S3FrontStoreTest extends MultipartContract {
  private static final String BUCKET = "memory";
  private static final AtomicInteger BUCKETS = new AtomicInteger();
  private static final ThreadExecution EXECUTION = new ThreadExecution(1, Meters.NONE);
  private static final MemoryStores MEMORY = new MemoryStores(EXECUTION);
  private static final S3Front FRONT =
      new S3Front(bucket -> bucket.equals("nowhere") ? null : MEMORY.bucket(bucket));
  private static final CountingMeters METERS = new CountingMeters();
  private static final S3ObjectStores STORES = new S3ObjectStores(METERS, S3Settings.DEFAULT);
  private static final ObjectStore STORE = STORES.open(location(BUCKET));

  private final String own = "own-" + BUCKETS.incrementAndGet();
  private final MemoryBucket bucket = MEMORY.bucket(own);
  private final StoreCalls s3 = new StoreCalls(STORES.open(location(own)), EXECUTION);

  @BeforeAll
  static void signAsSomebody() {
    System.setProperty("aws.accessKeyId", "test-access");
    System.setProperty("aws.secretAccessKey", "test-secret");
  }

  @AfterEach
  void close() {
    s3.store().close();
  }

  @AfterAll
  static void nothingStays() throws InterruptedException {
    STORES.close();
    FRONT.close();
    EXECUTION.close();
    LeakPresenceDetector.check();
    for (var thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("s3-") || thread.getName().startsWith("sdk-")) {
        assertThat(thread.join(Duration.ofSeconds(5))).as(thread.getName()).isTrue();
      }
    }
  }

  private static BucketLocation location(String bucket) {
    return new BucketLocation(
        bucket, "us-east-1", FRONT.endpoint().toString(), true, new Credentials.DefaultChain());
  }

  @Override
  protected ObjectStore store() {
    return STORE;
  }

  @Override
  protected Execution execution() {
    return EXECUTION;
  }

  @Test
  void theProbeFindsAllConditionsOverHttp() throws Exception {
    assertThat(new StoreProbe(EXECUTION).probe(s3.store(), "p/", false))
        .isEqualTo(StoreTraits.FULL);
    bucket.honour(new StoreTraits(true, true, false, true, true, true, true));
    assertThat(new StoreProbe(EXECUTION).probe(s3.store(), "p/", false))
        .isEqualTo(new StoreTraits(true, true, false, true, true, true, true));
  }

  @Test
  void sendsEachRequestOnce() {
    bucket.faults().always(Fault.BUSY);
    refused(BackendFailure.Busy.class, () -> s3.put("k", bytes("v")));
    refused(BackendFailure.Busy.class, () -> s3.head("k"));
    bucket.faults().always(Fault.UNREACHABLE);
    refused(BackendFailure.Unreachable.class, () -> s3.put("k", bytes("v")));
    refused(BackendFailure.Unreachable.class, () -> s3.get("k", null, 0, 1));
    assertThat(bucket.counts().all()).isEqualTo(4);
  }

  @Test
  void aLostReplyIsUnreachableAndNotRepeated() {
    bucket.faults().next(RequestKind.PUT, Fault.LOST_REPLY);
    refused(
        BackendFailure.Unreachable.class,
        () -> s3.put("k", bytes("v"), Condition.ABSENT, Map.of()));
    assertThat(bucket.foreign().get("k")).isEqualTo(bytes("v"));
    assertThat(bucket.counts().of(RequestKind.PUT)).isEqualTo(1);
  }

  @Test
  void aTruncatedBodyFailsTheGet() {
    bucket.foreign().putPattern("k", 1, 3 << 20);
    bucket.faults().next(RequestKind.GET, Fault.TRUNCATED_BODY);
    assertThatThrownBy(() -> s3.get("k", null, 0, 3 << 20))
        .isInstanceOfSatisfying(
            ObjectStoreException.class, e -> assertThat(e.failure().isRetryable()).isTrue());
  }

  @Test
  void refusalsKeepTheStoresWords() {
    bucket.faults().next(RequestKind.GET, Fault.DENIED);
    assertThatThrownBy(() -> s3.get("k", null, 0, 1))
        .hasMessageContaining("403 AccessDenied: Access Denied")
        .hasMessageContaining("the credentials do not allow this");
    bucket.foreign().putInClass("cold", bytes("ice"), "GLACIER");
    refused(BackendFailure.Archived.class, () -> s3.get("cold", null, 0, 1));
    var nowhere = new StoreCalls(STORES.open(location("nowhere")), EXECUTION);
    assertThatThrownBy(() -> nowhere.keys("")).hasMessageContaining("404 NoSuchBucket");
  }

  @Test
  void readsAnOldVersionByItsId() throws ObjectStoreException {
    MEMORY.add(
        "versioned",
        new MemoryBucket(EXECUTION, new MemoryBucket.Options(true, StoreTraits.FULL, false)));
    var versioned = new StoreCalls(STORES.open(location("versioned")), EXECUTION);
    var first = versioned.put("k", bytes("1"));
    versioned.put("k", bytes("2"));
    assertThat(versioned.get("k", first, 0, 1)).isEqualTo(bytes("1"));
    versioned.copy("k", first, "copy", Condition.ABSENT, Map.of());
    assertThat(versioned.get("copy", null, 0, 1)).isEqualTo(bytes("1"));
  }

  @Test
  void aStoreThatDoesNotAnswerIsUnreachable() {
    var settings =
        new S3Settings(
            4, Duration.ofSeconds(1), Duration.ofMillis(300), 1 << 20, Duration.ofSeconds(5), true);
    var gate = new CountDownLatch(1);
    bucket.faults().hook((_, _) -> gate.await());
    try (var impatient = new S3ObjectStores(Meters.NONE, settings)) {
      var calls = new StoreCalls(impatient.open(location(own)), EXECUTION);
      refused(BackendFailure.Unreachable.class, () -> calls.head("k"));
    } finally {
      gate.countDown();
    }
  }

  @Test
  void nobodyListeningIsUnreachable() throws Exception {
    var calls = new StoreCalls(STORES.open(at("http://127.0.0.1:1")), EXECUTION);
    refused(BackendFailure.Unreachable.class, () -> calls.head("k"));
  }

  @Test
  void missingCredentialsAreDeniedWithARemedy() {
    var profile =
        new BucketLocation(
            own,
            "us-east-1",
            FRONT.endpoint().toString(),
            true,
            new Credentials.Profile("no-such-profile"));
    var calls = new StoreCalls(STORES.open(profile), EXECUTION);
    assertThatThrownBy(() -> calls.head("k"))
        .isInstanceOfSatisfying(
            ObjectStoreException.class,
            e -> {
              assertThat(e.failure()).isInstanceOf(BackendFailure.Denied.class);
              assertThat(e.failure().detail()).contains("no-such-profile");
            });
  }

  @Test
  void anonymousRequestsAreServed() throws ObjectStoreException {
    bucket.foreign().put("public", bytes("all"));
    var anonymous =
        new BucketLocation(
            own, "us-east-1", FRONT.endpoint().toString(), true, new Credentials.Anonymous());
    var calls = new StoreCalls(STORES.open(anonymous), EXECUTION);
    assertThat(calls.get("public", null, 0, 3)).isEqualTo(bytes("all"));
  }

  @Test
  void oddAddressesAreRefusedAtOnce() {
    for (var endpoint : new String[] {"localhost:9000", "ftp://host", "http://", "http://a b"}) {
      assertThatThrownBy(() -> STORES.open(at(endpoint)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(endpoint);
    }
  }

  private BucketLocation at(String endpoint) {
    return new BucketLocation(own, "us-east-1", endpoint, true, new Credentials.DefaultChain());
  }

  @Test
  void closingAStoreFailsWhatRunsOnIt() {
    var gate = new CountDownLatch(1);
    var arrived = new CountDownLatch(1);
    bucket
        .faults()
        .hook((_, _) -> {
          arrived.countDown();
          gate.await();
        });
    bucket.foreign().put("k", bytes("v"));
    var closing = STORES.open(location(own));
    var get = closing.get("k", null, 0, 1, new CollectingSink());
    assertThat(arrived).satisfies(CountDownLatch::await);
    closing.close();
    var calls = new StoreCalls(closing, EXECUTION);
    refused(BackendFailure.Unreachable.class, () -> calls.await(get));
    refused(BackendFailure.Unreachable.class, () -> calls.head("k"));
    gate.countDown();
  }

  /** A body of two parts, of which the second one comes when it is told to. */
  private static final class Slow implements BodySource {
    final CompletableFuture<@Nullable ByteBuf> second = new CompletableFuture<>();
    final CountDownLatch asked = new CountDownLatch(1);

    @Override
    public long sizeBytes() {
      return 4;
    }

    @Override
    public Reader open() {
      var parts = new AtomicInteger();
      return new Reader() {
        @Override
        public CompletionStage<@Nullable ByteBuf> next() {
          if (parts.getAndIncrement() == 0) {
            return CompletableFuture.completedFuture(Unpooled.wrappedBuffer(bytes("ab")));
          }
          asked.countDown();
          return second;
        }

        @Override
        public void close() {}
      };
    }
  }

  private CompletionStage<ObjectVersion> put(BodySource body) {
    return s3.store().put(new PutRequest("k", Condition.NONE, Map.of(), null), body);
  }

  /** Asked for what is not there yet, the event loops of the HTTP client would never rest. */
  @Test
  void aRequestBeginsWhenItsBodyIsThere() throws Exception {
    s3.put("other", bytes("x")); // opens the connection
    var body = new Slow();
    var put = put(body);
    body.asked.await();
    Thread.sleep(300);
    assertThat(bucket.counts().of(RequestKind.PUT)).isEqualTo(1);
    assertThat(METERS.count("s3_sent_bytes", own)).isEqualTo(1);
    body.second.complete(Unpooled.wrappedBuffer(bytes("cd")));
    s3.await(put);
    assertThat(bucket.foreign().get("k")).isEqualTo(bytes("abcd"));
    assertThat(METERS.count("s3_sent_bytes", own)).isEqualTo(5);
  }

  @Test
  void aBodyThatCannotBeReadIsNotSent() {
    var body = new Slow();
    var put = put(body);
    body.second.completeExceptionally(new IOException("the disk"));
    assertThatThrownBy(() -> s3.await(put)).hasMessageContaining("the disk");
    assertThat(bucket.counts().all()).isZero();
  }

  @Test
  void whatIsGivenUpWhileItsBodyIsReadIsNotSent() throws Exception {
    var body = new Slow();
    var put = put(body);
    body.asked.await();
    s3.store().close();
    refused(BackendFailure.Unreachable.class, () -> s3.await(put));
    body.second.complete(Unpooled.wrappedBuffer(bytes("cd")));
    assertThat(bucket.counts().all()).isZero();
  }

  @Test
  void aBodyThatIsTooBigForMemoryIsReadWhileItIsSent() throws Exception {
    var size = 20 << 20;
    s3.put("big", PatternBytes.of(1, 0, size));
    assertThat(s3.get("big", null, size - 10, 10)).isEqualTo(PatternBytes.of(1, size - 10, 10));
    assertThat(METERS.count("s3_sent_bytes", own)).isEqualTo(size);
  }

  @Test
  void countsRequestsAndBytes() throws ObjectStoreException {
    s3.put("k", new byte[1_000]);
    s3.get("k", null, 0, 300);
    refused(BackendFailure.Missing.class, () -> s3.head("none"));
    assertThat(METERS.count("s3_requests", own, "put", "ok")).isEqualTo(1);
    assertThat(METERS.count("s3_requests", own, "get", "ok")).isEqualTo(1);
    assertThat(METERS.count("s3_requests", own, "head", "missing")).isEqualTo(1);
    assertThat(METERS.count("s3_sent_bytes", own)).isEqualTo(1_000);
    assertThat(METERS.count("s3_received_bytes", own)).isEqualTo(300);
  }
}
