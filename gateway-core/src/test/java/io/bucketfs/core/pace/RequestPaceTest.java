package io.bucketfs.core.pace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ByteArrayBody;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.MemoryStores;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStore.PutRequest;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class RequestPaceTest {
  private final SimulatedExecution execution = new SimulatedExecution(1);
  private final MemoryBucket bucket = new MemoryBucket(execution);
  private final AtomicInteger answered = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();

  private ObjectStore open() {
    var stores = new MemoryStores(execution);
    stores.add("bucket", bucket);
    var location =
        new BucketLocation("bucket", "us-east-1", null, true, new Credentials.Anonymous());
    return new PacedStores(stores, execution, PaceLimits.DEFAULT, Meters.NONE).open(location);
  }

  private void put(ObjectStore store) {
    var _ =
        store
            .put(
                new PutRequest("key", Condition.NONE, Map.of(), null),
                new ByteArrayBody(new byte[1]))
            .whenComplete((_, thrown) -> (thrown == null ? answered : failed).incrementAndGet());
  }

  /** Callers that each ask again 100 ms after every failure. */
  private void insist(ObjectStore store, int callers) {
    for (var i = 0; i < callers; i++) {
      execution.fork(
          "caller",
          () -> {
            try {
              while (true) {
                try {
                  execution.await(store.head("key"), Patience.FOREVER);
                  answered.incrementAndGet();
                  return;
                } catch (ExecutionException e) {
                  failed.incrementAndGet();
                  execution.sleep(Duration.ofMillis(100));
                }
              }
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          });
    }
  }

  @Test
  void requestsGoAtOnceWhileTheStoreAnswers() {
    execution.run(() -> {
      bucket.faults().delay(Duration.ofMillis(15), Duration.ofMillis(15));
      var store = open();
      for (var i = 0; i < 256; i++) {
        put(store);
      }
      execution.sleep(Duration.ofMillis(16));
      assertThat(answered).hasValue(256);
    });
  }

  @Test
  void noMoreThanTheMostAreUnderWay() {
    execution.run(() -> {
      bucket.faults().delay(Duration.ofMillis(10), Duration.ofMillis(10));
      var store = open();
      for (var i = 0; i < 257; i++) {
        put(store);
      }
      execution.sleep(Duration.ofMillis(11));
      assertThat(answered).hasValue(256);
      execution.sleep(Duration.ofMillis(11));
      assertThat(answered).hasValue(257);
    });
  }

  @Test
  void aStoreThatIsGoneIsAskedNowAndThenAndUsedAsSoonAsItIsBack() {
    execution.run(() -> {
      put(open());
      var store = open();
      bucket.faults().always(Fault.UNREACHABLE);
      insist(store, 200);
      execution.sleep(Duration.ofSeconds(1));
      var before = bucket.counts().of(RequestKind.HEAD);
      execution.sleep(Duration.ofMinutes(10));
      assertThat(bucket.counts().of(RequestKind.HEAD) - before).isBetween(100L, 250L);
      answered.set(0);
      bucket.faults().always(null);
      execution.sleep(Duration.ofSeconds(6));
      assertThat(answered).hasValue(200);
    });
  }

  /** Only what is about one key fails, over and over: it may not take all the looks there are. */
  @Test
  void oneKeyThatGetsNoAnswerDoesNotHoldTheOthers() {
    execution.run(() -> {
      put(open());
      var store = open();
      bucket
          .faults()
          .hook((_, key) -> {
            if (key.equals("bad")) {
              throw new ObjectStoreException(new BackendFailure.Unreachable("500"));
            }
          });
      for (var i = 0; i < 40; i++) {
        execution.fork("bad", () -> insistOn(store, "bad"));
      }
      execution.sleep(Duration.ofSeconds(60));
      for (var i = 0; i < 20; i++) {
        var begin = execution.nanoTime();
        execution.await(store.head("key"), Patience.FOREVER);
        assertThat(execution.nanoTime() - begin).isLessThanOrEqualTo(5_000_000_000L);
      }
    });
  }

  private void insistOn(ObjectStore store, String key) {
    try {
      while (true) {
        try {
          execution.await(store.head(key), Patience.FOREVER);
          return;
        } catch (ExecutionException e) {
          execution.sleep(Duration.ofMillis(100));
        }
      }
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void whoWaitedTooLongKnowsThatNothingWasSent() {
    execution.run(() -> {
      var store = open();
      bucket.faults().always(Fault.UNREACHABLE);
      for (var i = 0; i < PaceLimits.DEFAULT.failuresMax(); i++) {
        put(store);
      }
      execution.sleep(Duration.ofSeconds(5));
      // One looks whether the store is back, and fails; the others wait.
      for (var i = 0; i < 10; i++) {
        put(store);
      }
      var begin = execution.nanoTime();
      var last = store.head("key");
      assertThatThrownBy(() -> execution.await(last, Patience.FOREVER))
          .cause()
          .isInstanceOfSatisfying(
              ObjectStoreException.class,
              e -> {
                assertThat(e.failure()).isInstanceOf(BackendFailure.Busy.class);
                assertThat(e.failure().detail()).contains("not sent", "has not answered");
              });
      assertThat(execution.nanoTime() - begin).isLessThanOrEqualTo(10_000_000_000L);
    });
  }

  @Test
  void aStoreThatAsksForLessLoadGetsLess() {
    execution.run(() -> {
      put(open());
      var store = open();
      bucket.faults().delay(Duration.ofMillis(10), Duration.ofMillis(10));
      bucket.faults().always(Fault.BUSY);
      insist(store, 200);
      execution.sleep(Duration.ofSeconds(30));
      var before = bucket.counts().of(RequestKind.HEAD);
      execution.sleep(Duration.ofMinutes(1));
      // Without a pace it were 200 callers 9 times a second.
      assertThat(bucket.counts().of(RequestKind.HEAD) - before).isBetween(10L, 60L);
      answered.set(0);
      bucket.faults().always(null);
      execution.sleep(Duration.ofSeconds(8));
      assertThat(answered).hasValue(200);
    });
  }

  @Test
  void aRefusalIsAnAnswer() {
    execution.run(() -> {
      var store = open();
      for (var i = 0; i < 100; i++) {
        assertThatThrownBy(() -> execution.await(store.head("absent"), Patience.FOREVER))
            .hasCauseInstanceOf(ObjectStoreException.class);
      }
      assertThat(bucket.counts().of(RequestKind.HEAD)).isEqualTo(100);
    });
  }

  @Test
  void aStoreThatIsClosedHoldsNobody() {
    execution.run(() -> {
      var store = open();
      bucket.faults().always(Fault.UNREACHABLE);
      insist(store, 20);
      execution.sleep(Duration.ofSeconds(2));
      put(store);
      put(store);
      failed.set(0);
      store.close();
      execution.sleep(Duration.ofMillis(1));
      assertThat(failed).hasValueGreaterThanOrEqualTo(2);
    });
  }
}
