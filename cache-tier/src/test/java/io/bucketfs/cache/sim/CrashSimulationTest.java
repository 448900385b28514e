package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.KeepOrders.Place;
import io.bucketfs.core.local.Crash;
import io.bucketfs.core.object.MemoryFaults;
import io.bucketfs.core.object.RequestKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Clients work, S3 fails now and then, the gateway crashes at any step: nothing that was
 * acknowledged as stable is lost (P1), no object ever mixes two versions of a file (P2), and after
 * all of it the bucket alone holds everything (P3).
 *
 * <p>More seeds, or a failing one again: {@code -Dsimulation.seed=N -Dsimulation.seeds=M}.
 */
class CrashSimulationTest {
  private static final long FIRST_SEED = Long.getLong("simulation.seed", 1);
  private static final int SEEDS = Integer.getInteger("simulation.seeds", 150);
  private static final int CLIENTS = 3;

  /** Of all seeds so far. */
  private static final Map<RequestKind, Long> REQUESTS = new ConcurrentHashMap<>();

  private static final int OPERATIONS = 40;
  private static final int LIVES = 4;

  @Test
  @Timeout(value = 1, unit = TimeUnit.DAYS) // as many seeds as somebody wants
  void losesNothingInAnyCrash() {
    for (var seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try {
        live(seed);
      } catch (Throwable t) {
        throw new AssertionError("seed " + seed, t);
      }
    }
    if (SEEDS > 1) {
      // Nothing of the product lists uploads.
      REQUESTS.remove(RequestKind.LIST_UPLOADS);
      // Nobody else writes, so nothing has tags.
      REQUESTS.remove(RequestKind.TAGS);
      assertThat(REQUESTS).allSatisfy((kind, count) -> assertThat(count).isPositive());
    }
  }

  @Test
  void oneSeedGivesOneTrace() {
    assertThat(live(7)).isEqualTo(live(7));
    assertThat(live(7)).isNotEqualTo(live(8));
  }

  private static long live(long seed) {
    var world = new SimulatedWorld(seed, 1L << 40, 0, SimulatedWorld.SMALL_PARTS);
    var random = new SplittableRandom(seed);
    var history = new HashSet<String>();
    var clients = new ArrayList<SimulatedClient>();
    world.execution.run(() -> {
      world.start();
      world.createMount();
      for (var i = 0; i < CLIENTS; i++) {
        var client = new SimulatedClient(world, i, history);
        client.makeHome();
        clients.add(client);
      }
    });
    world.bucket.faults().chances(new MemoryFaults.Chances(0.05, 0.05, 0.05, 0.05));
    world.bucket.faults().delay(Duration.ofMillis(5), Duration.ofSeconds(2));
    for (var life = 0; life < LIVES; life++) {
      for (var client : clients) {
        world.execution.fork("client", () -> unchecked(() -> client.work(OPERATIONS)));
      }
      var orders = random.split();
      world.execution.fork("operator", () -> unchecked(() -> operate(world, orders)));
      world.execution.runFor(Duration.ofMillis(1 + random.nextInt(300_000)));
      var kind = random.nextBoolean() ? Crash.KILL : Crash.POWER;
      world.crash(kind);
      checkObjects(world, history);
      world.execution.run(() -> {
        world.start();
        for (var client : clients) {
          client.recover(kind == Crash.POWER);
        }
        checkState(world);
      });
    }
    world.bucket.faults().chances(MemoryFaults.Chances.NONE);
    world.execution.run(() -> {
      var flushed = world.gateway().administration().flush("sim", "", true);
      assertThat(flushed.failing()).isEmpty();
      assertThat(world.gateway().administration().dirty(null, 10)).isEmpty();
    });
    world.execution.run(() -> checkState(world));
    world.execution.runFor(Duration.ofMinutes(11));
    // What a lost reply began without anybody knowing holds no bytes.
    assertThat(world.bucket.foreign().uploadsWithParts()).as("seed %d", world.seed).isEmpty();
    checkObjects(world, history);
    checkBucketHoldsAll(world, clients);
    world.wipe();
    world.execution.run(() -> {
      world.start();
      world.createMount();
      for (var client : clients) {
        assertThat(SimulatedClient.describe(client.observe()))
            .isEqualTo(SimulatedClient.describe(client.model()));
      }
    });
    for (var kind : RequestKind.values()) {
      REQUESTS.merge(kind, world.bucket.counts().of(kind), Long::sum);
    }
    var trace = world.execution.traceHash();
    world.execution.abandonAll();
    return trace;
  }

  private interface Work {
    void run() throws Exception;
  }

  private static void unchecked(Work work) {
    try {
      work.run();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** The local state agrees with itself, whatever is in it. */
  private static void checkState(SimulatedWorld world) throws Exception {
    var report = world.gateway().administration().check(null, true);
    assertThat(report.findings()).as("seed %d", world.seed).isEmpty();
    assertThat(report.names()).isPositive();
  }

  private static List<String> fileKeys(SimulatedWorld world) {
    return world.bucket.foreign().keys().stream()
        .filter(key -> !key.endsWith("/") && !key.contains(".bucketfs"))
        .toList();
  }

  /** Orders that have local copies fetched, dropped and kept while clients work. */
  private static void operate(SimulatedWorld world, SplittableRandom random)
      throws InterruptedException {
    var all = List.of(new Place("sim", ""));
    while (true) {
      world.execution.sleep(Duration.ofMillis(1 + random.nextInt(30_000)));
      var keep = world.gateway().administration().keep();
      try {
        switch (random.nextInt(5)) {
          case 0 -> keep.warm(all, _ -> true);
          case 1 -> keep.pin(all, _ -> true);
          case 2 -> keep.unpin(all);
          default -> keep.evict(all, _ -> true);
        }
      } catch (AdminException _) {
        // S3 fails now and then.
      }
    }
  }

  private static void checkObjects(SimulatedWorld world, Set<String> history) {
    for (var key : fileKeys(world)) {
      var bytes = world.bucket.foreign().get(key);
      assertThat(bytes).isNotNull();
      assertThat(history)
          .as("%s is a whole version of a file, seed %d", key, world.seed)
          .contains(Digests.of(bytes == null ? new byte[0] : bytes));
    }
  }

  private static void checkBucketHoldsAll(SimulatedWorld world, List<SimulatedClient> clients) {
    var expected = new TreeMap<String, String>();
    for (var client : clients) {
      client
          .model()
          .forEach((name, file) ->
              expected.put(client.directory + "/" + name, Digests.of(file.bytes())));
    }
    var actual = new TreeMap<String, String>();
    for (var key : fileKeys(world)) {
      var bytes = world.bucket.foreign().get(key);
      actual.put(key, bytes == null ? "nothing" : Digests.of(bytes));
    }
    assertThat(actual).as("seed %d", world.seed).isEqualTo(expected);
  }
}
