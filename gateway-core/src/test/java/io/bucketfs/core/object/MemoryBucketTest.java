package io.bucketfs.core.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.object.MemoryFaults.Chances;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.netty.buffer.Unpooled;
import io.netty.util.LeakPresenceDetector;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MemoryBucketTest extends MultipartContract {
  private static final ThreadExecution EXECUTION = new ThreadExecution(1, Meters.NONE);
  private static final MemoryBucket BUCKET = new MemoryBucket(EXECUTION);

  private final MemoryBucket bucket = new MemoryBucket(EXECUTION);
  private final StoreCalls s3 = new StoreCalls(bucket, EXECUTION);

  @Override
  protected ObjectStore store() {
    return BUCKET;
  }

  @Override
  protected Execution execution() {
    return EXECUTION;
  }

  @AfterEach
  void nothingRuns() {
    assertThat(bucket.counts().running()).isZero();
  }

  @AfterAll
  static void nothingLeaks() {
    EXECUTION.close();
    LeakPresenceDetector.check();
  }

  @Test
  void aLostReplyHidesTheOutcomeButNotTheEffect() throws ObjectStoreException {
    bucket.faults().next(RequestKind.PUT, Fault.LOST_REPLY);
    refused(BackendFailure.Unreachable.class, () -> s3.put("k", bytes("v")));
    assertThat(bucket.foreign().get("k")).isEqualTo(bytes("v"));
    bucket.faults().next(RequestKind.PUT, Fault.LOST_REPLY);
    refused(
        BackendFailure.Unreachable.class,
        () -> s3.put("k", bytes("w"), Condition.ABSENT, Map.of()));
    assertThat(bucket.foreign().get("k")).isEqualTo(bytes("v"));
  }

  @Test
  void anUnreachableBucketDoesNothing() throws ObjectStoreException {
    bucket.faults().always(Fault.UNREACHABLE);
    refused(BackendFailure.Unreachable.class, () -> s3.put("k", bytes("v")));
    bucket.faults().always(null);
    assertThat(bucket.foreign().keys()).isEmpty();
    s3.put("k", bytes("v"));
  }

  @Test
  void faultsComeByChance() {
    bucket.faults().chances(new Chances(1, 0, 0, 0));
    refused(BackendFailure.Busy.class, () -> s3.head("k"));
    bucket.faults().chances(new Chances(0, 0, 0, 1));
    bucket.foreign().putPattern("k", 9, 1 << 20);
    var sink = new CollectingSink();
    refused(
        BackendFailure.Unreachable.class, () -> s3.await(bucket.get("k", null, 0, 1 << 20, sink)));
    assertThat(sink.bytes()).isEqualTo(PatternBytes.of(9, 0, sink.bytes().length));
    assertThat(sink.bytes().length).isLessThan(1 << 20);
  }

  @Test
  void aForeignWriterCanComeBetween() throws ObjectStoreException {
    var mine = s3.put("k", bytes("1"));
    bucket.faults().hook((_, key) -> bucket.foreign().put(key, bytes("theirs")));
    refused(
        BackendFailure.Conflict.class,
        () -> s3.put("k", bytes("2"), Condition.matches(mine), Map.of()));
    assertThat(bucket.foreign().get("k")).isEqualTo(bytes("theirs"));
  }

  @Test
  void requestsTakeTheirTime() throws ObjectStoreException {
    var start = System.nanoTime();
    bucket.faults().delay(RequestKind.HEAD, Duration.ofMillis(20), Duration.ofMillis(20));
    bucket.foreign().put("k", bytes("v"));
    s3.head("k");
    assertThat(System.nanoTime() - start).isGreaterThan(Duration.ofMillis(20).toNanos());
  }

  @Test
  void aCapSpacesBodies() throws ObjectStoreException {
    bucket.foreign().putPattern("k", 1, 1 << 20);
    bucket.faults().bytesPerSecondMax(20 << 20);
    var start = System.nanoTime();
    s3.get("k", null, 0, 1 << 20);
    assertThat(System.nanoTime() - start).isGreaterThan(Duration.ofMillis(49).toNanos());
  }

  @Test
  void aSelfCopyKeepsTheTagAndGetsANewTime() {
    var now = new AtomicReference<>(Instant.EPOCH);
    var contents = new MemoryContents(now::get, false, StoreTraits.FULL);
    var writer = new ForeignWriter(contents, new MemoryUploads(contents, 1));
    var first = writer.put("k", bytes("v"));
    now.set(Instant.ofEpochMilli(5_999));
    var second = writer.replaceMetadata("k", Map.of("mode", "0600"));
    assertThat(second.etag()).isEqualTo(first.etag());
    assertThat(second.lastModified()).isEqualTo(Instant.ofEpochSecond(5));
  }

  @Test
  void versionsOutliveOverwriteAndDelete() throws ObjectStoreException {
    var versioned =
        new MemoryBucket(EXECUTION, new MemoryBucket.Options(true, StoreTraits.FULL, false));
    var calls = new StoreCalls(versioned, EXECUTION);
    var first = calls.put("k", bytes("1"));
    var second = calls.put("k", bytes("2"));
    calls.delete("k", Condition.NONE);
    assertThat(first.versionId()).isNotNull().isNotEqualTo(second.versionId());
    refused(BackendFailure.Missing.class, () -> calls.head("k"));
    assertThat(calls.keys("")).isEmpty();
    assertThat(calls.get("k", first, 0, 1)).isEqualTo(bytes("1"));
    calls.copy("k", second, "k", Condition.ABSENT, Map.of());
    assertThat(versioned.foreign().get("k")).isEqualTo(bytes("2"));
  }

  @Test
  void weakTraitsIgnoreConditions() throws ObjectStoreException {
    bucket.honour(StoreTraits.NONE);
    var stale = s3.put("k", bytes("1"));
    s3.put("k", bytes("2"), Condition.ABSENT, Map.of());
    s3.copy("k", stale, "other", Condition.matches(stale), Map.of());
    s3.delete("k", Condition.matches(stale));
    assertThat(bucket.foreign().keys()).containsExactly("other");
  }

  /** As the parts of an upload are; in whatever pieces they come. */
  @ParameterizedTest
  @ValueSource(ints = {5, 8, 11, 65_536})
  void patternsFromALaterWordOnTakeNoMemory(int pieceBytes) {
    for (var offset : List.of(0, 8, 5 << 20)) {
      var bytes = PatternBytes.of(42, offset, 100_003);
      var incoming = new IncomingBody(bytes.length, true);
      for (var at = 0; at < bytes.length; at += pieceBytes) {
        var count = Math.min(pieceBytes, bytes.length - at);
        assertThat(incoming.add(Unpooled.wrappedBuffer(bytes, at, count))).isTrue();
      }
      var body = incoming.toBody();
      assertThat(body).isInstanceOf(MemoryBody.Pattern.class);
      var read = new byte[1000];
      body.read(77, read, 0, 1000);
      assertThat(read).isEqualTo(PatternBytes.of(42, offset + 77, 1000));
    }
  }

  @Test
  void patternsTakeNoMemory() throws ObjectStoreException {
    var large =
        new MemoryBucket(EXECUTION, new MemoryBucket.Options(false, StoreTraits.FULL, true));
    var calls = new StoreCalls(large, EXECUTION);
    var version = calls.put("p", PatternBytes.of(42, 0, 1_000_001));
    assertThat(version).matches(v -> v.mayEqual(large.foreign().putPattern("q", 42, 1_000_001)));
    assertThat(calls.get("p", version, 999, 70_000)).isEqualTo(PatternBytes.of(42, 999, 70_000));
    var other = PatternBytes.of(42, 0, 1_000_001);
    other[777_777] ^= 1;
    calls.put("p", other);
    assertThat(large.foreign().get("p")).isEqualTo(other);
    large.foreign().putPattern("huge", 5, 3L << 40);
    assertThat(calls.get("huge", null, 2L << 40, 10)).isEqualTo(PatternBytes.of(5, 2L << 40, 10));
  }

  @Test
  void archivedObjectsCannotBeRead() {
    bucket.foreign().putInClass("cold", bytes("ice"), "GLACIER");
    refused(BackendFailure.Archived.class, () -> s3.get("cold", null, 0, 1));
    assertThat(Objects.requireNonNull(bucket.foreign().head("cold")).storageClass())
        .isEqualTo("GLACIER");
  }

  @Test
  void closingAConnectionFailsWhatRunsOnIt() throws InterruptedException {
    var gate = new CompletableFuture<String>();
    bucket.faults().hook((_, _) -> gate.join());
    var connection = bucket.connect();
    var head = connection.head("k");
    connection.close();
    var calls = new StoreCalls(connection, EXECUTION);
    refused(BackendFailure.Unreachable.class, () -> calls.await(head));
    refused(BackendFailure.Unreachable.class, () -> calls.head("k"));
    gate.complete("open");
    while (bucket.counts().running() > 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void countsRequests() throws ObjectStoreException {
    s3.put("k", bytes("abc"));
    s3.get("k", null, 0, 2);
    s3.head("k");
    s3.keys("");
    s3.delete("k", Condition.NONE);
    assertThat(bucket.counts().all()).isEqualTo(5);
    assertThat(bucket.counts().of(RequestKind.LIST)).isEqualTo(1);
    assertThat(bucket.counts().bytesIn()).isEqualTo(3);
    assertThat(bucket.counts().bytesOut()).isEqualTo(2);
  }
}
