package io.bucketfs.core.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

final class StoreProbeTest {
  private static final ThreadExecution EXECUTION = new ThreadExecution(1, Meters.NONE);

  private final MemoryBucket bucket = new MemoryBucket(EXECUTION);
  private final StoreProbe probe = new StoreProbe(EXECUTION);

  @AfterAll
  static void close() {
    EXECUTION.close();
  }

  @ParameterizedTest
  @MethodSource("combinations")
  void findsExactlyWhatTheStoreHonours(int bits) throws Exception {
    var traits =
        new StoreTraits(
            (bits & 1) != 0,
            (bits & 2) != 0,
            (bits & 4) != 0,
            (bits & 8) != 0,
            (bits & 16) != 0,
            (bits & 32) != 0,
            (bits & 64) != 0);
    bucket.honour(traits);
    assertThat(probe.probe(bucket, "some/prefix/", false)).isEqualTo(traits);
    assertThat(bucket.foreign().keys()).isEmpty();
    assertThat(bucket.foreign().uploads()).isEmpty();
  }

  static IntStream combinations() {
    return IntStream.range(0, 64);
  }

  @Test
  void writesOnlyBelowThePrefix() throws Exception {
    bucket
        .faults()
        .hook((kind, key) -> {
          if (kind != RequestKind.LIST) {
            assertThat(key).startsWith("p/" + StoreProbe.NAME_START);
          }
        });
    assertThat(probe.probe(bucket, "p/", false)).isEqualTo(StoreTraits.FULL);
  }

  @Test
  void onlyReadsWhereTheMountOnlyReads() throws Exception {
    bucket.foreign().put("p/empty", new byte[0]);
    bucket.foreign().put("p/full", new byte[5]);
    assertThat(probe.probe(bucket, "p/", true)).isEqualTo(StoreTraits.NONE);
    assertThat(bucket.counts().of(RequestKind.LIST)).isEqualTo(1);
    assertThat(bucket.counts().of(RequestKind.GET)).isEqualTo(1);
    assertThat(bucket.counts().all()).isEqualTo(2);
  }

  @Test
  void anArchivedObjectIsNoReasonNotToMount() throws Exception {
    bucket.foreign().putInClass("cold", new byte[5], "GLACIER");
    assertThat(probe.probe(bucket, "", true)).isEqualTo(StoreTraits.NONE);
  }

  @ParameterizedTest
  @EnumSource(
      value = RequestKind.class,
      names = {"LIST", "GET", "PUT", "COPY", "DELETE", "CREATE_UPLOAD", "COMPLETE_UPLOAD"})
  void saysWhichRightIsMissingAndCleansUp(RequestKind kind) {
    bucket.faults().next(kind, Fault.DENIED);
    assertThatThrownBy(() -> probe.probe(bucket, "", false))
        .isInstanceOf(AdminException.class)
        .hasMessageContaining("403 AccessDenied")
        .hasMessageContaining("this takes s3:");
    assertThat(bucket.foreign().keys()).isEmpty();
  }

  @Test
  void doesNotTakeALostReplyForARefusal() {
    bucket.faults().next(RequestKind.PUT, Fault.LOST_REPLY);
    assertThatThrownBy(() -> probe.probe(bucket, "", false))
        .isInstanceOf(AdminException.class)
        .hasMessageContaining("check the endpoint");
    assertThat(bucket.foreign().keys()).isEmpty();
  }

  @Test
  void givesUpOnAStoreThatDoesNotAnswer() {
    var gate = new CountDownLatch(1);
    bucket.faults().hook((_, _) -> gate.await());
    var impatient = new StoreProbe(EXECUTION, Duration.ofMillis(30));
    assertThatThrownBy(() -> impatient.probe(bucket, "", false))
        .isInstanceOf(AdminException.class)
        .hasMessageContaining("no reply");
    gate.countDown();
  }
}
