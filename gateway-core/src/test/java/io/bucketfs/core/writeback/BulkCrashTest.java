package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two directories that are swapped, one that moves and one that is removed: the machine stops
 * before each request to S3 and each commit in turn, and with each request carried out and its
 * reply lost. What is started then ends with the same bucket. {@code -Dbulk.step=1} stops at every
 * one of them; builds take every seventh.
 */
@Timeout(3_600)
final class BulkCrashTest {
  private static final int STEP = Integer.getInteger("bulk.step", 7);
  private static final Duration POLL = Duration.ofMillis(2);

  /** What the store honours. */
  enum Store {
    EVERYTHING,

    /** As S3Proxy and S3Mock: the condition on a copy's target is ignored. */
    NO_COPY_TARGET,

    /** Deletes go one by one, behind a HEAD. */
    NO_DELETE;

    private StoreTraits traits() {
      return switch (this) {
        case EVERYTHING -> StoreTraits.FULL;
        case NO_COPY_TARGET -> new StoreTraits(true, true, false, true, true, true, true);
        case NO_DELETE -> new StoreTraits(true, true, true, false, true, true, false);
      };
    }
  }

  @ParameterizedTest
  @EnumSource(Store.class)
  void endsTheSameWhereverItStops(Store store) {
    var whole = new Run(store.traits(), Integer.MAX_VALUE, false);
    whole.play();
    var events = whole.events;
    assertThat(events).isGreaterThan(60);
    for (var at = 1; at <= events; at += STEP) {
      for (var late : new boolean[] {false, true}) {
        try {
          new Run(store.traits(), at, late).play();
        } catch (Throwable t) {
          throw new AssertionError("stopped at " + at + ", late " + late, t);
        }
      }
    }
  }

  private static final class Run {
    private final StoreTraits traits;
    private final int stopAt;

    /** Whether the request at which it stops is carried out. */
    private final boolean late;

    private final SimulatedExecution execution = new SimulatedExecution(1);
    private final MemoryBucket bucket;
    private int events;
    private boolean counting;
    private boolean stopped;

    Run(StoreTraits traits, int stopAt, boolean late) {
      this.traits = traits;
      this.stopAt = stopAt;
      this.late = late;
      bucket = new MemoryBucket(execution, new MemoryBucket.Options(false, traits, false));
    }

    void play() {
      var metadata = new MemoryKeyValueStore(execution, 1);
      var extents = new MemoryExtentStore();
      execution.run(() -> {
        var world = new World(execution, metadata, extents, bucket, traits);
        for (var name : new String[] {"a", "b", "c", "gone"}) {
          world.mkdir(name);
          for (var i = 0; i < 4; i++) {
            world.write(name + "/f" + i, name + i);
          }
        }
        world.flush();
        bucket.faults().delay(Duration.ofMillis(10), Duration.ofMillis(20));
        world.rename("a", "t");
        world.rename("b", "a");
        world.rename("t", "b");
        world.rename("c", "d");
        for (var i = 0; i < 4; i++) {
          world.remove("gone/f" + i);
        }
        world.remove("gone");
        bucket.faults().hook((_, _) -> event(late));
        metadata.beforeWrite(() -> event(false));
        counting = true;
        var done = new CompletableFuture<Boolean>();
        execution.fork(
            "flush",
            () -> {
              try {
                world.flush();
                done.complete(true);
              } catch (Exception e) {
                done.completeExceptionally(e);
              }
            });
        while (!stopped && !done.isDone()) {
          execution.sleep(POLL);
        }
        counting = false;
        if (!stopped) {
          assertThat(done).isCompleted();
          requireEnd(world);
        }
      });
      execution.abandonAll();
      bucket.faults().hook((_, _) -> {});
      bucket.faults().delay(Duration.ZERO, Duration.ZERO);
      if (stopped) {
        var after = metadata.crash(Crash.POWER, new SplittableRandom(stopAt));
        execution.run(() -> {
          var world = new World(execution, after, extents, bucket, traits);
          execution.sleep(World.MAX_AGE.multipliedBy(2));
          requireEnd(world);
        });
        execution.abandonAll();
      }
    }

    /** Something that is about to happen; what is stopped at never happens, unless it is late. */
    private void event(boolean goesOn) {
      if (!counting) {
        return;
      }
      if (stopped || ++events == stopAt) {
        var isLate = goesOn && !stopped;
        stopped = true;
        if (!isLate) {
          hang();
        }
      }
    }

    private void hang() {
      try {
        execution.await(new CompletableFuture<Boolean>(), Patience.FOREVER);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        throw new AssertionError(e);
      }
    }

    private void requireEnd(World world) throws Exception {
      world.flush();
      assertThat(world.backlog().files()).as("%s", world.operations.dirty(null, 10)).isZero();
      assertThat(world.writeBack.jobs(world.mount)).isEmpty();
      assertThat(world.operations.conflicts(null, 10)).isEmpty();
      assertThat(world.operations.check(null, true).findings()).isEmpty();
      var wanted = new TreeMap<String, String>();
      for (var i = 0; i < 4; i++) {
        wanted.put("a/f" + i, "b" + i);
        wanted.put("b/f" + i, "a" + i);
        wanted.put("d/f" + i, "c" + i);
      }
      var found = new TreeMap<String, String>();
      for (var key : bucket.foreign().keys()) {
        found.put(key, String.valueOf(world.object(key)));
      }
      assertThat(found).isEqualTo(wanted);
      for (var path : wanted.keySet()) {
        assertThat(world.read(path)).isEqualTo(wanted.get(path));
      }
    }
  }
}
