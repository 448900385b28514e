package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.KeepOrders.Place;
import io.bucketfs.core.check.Finding.Kind;
import io.bucketfs.core.local.Crash;
import io.bucketfs.core.mount.ConflictPolicy;
import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.object.Encryption;
import io.bucketfs.core.object.MemoryFaults;
import io.bucketfs.core.object.ObjectHeaders;
import io.bucketfs.core.object.Placement;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
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

  /** Until a crash, from when writers began to hurry. */
  private static final int TURNS_MAX = 100;

  /** An object that was there before, with tags of somebody else. */
  private static final String TAGGED = "tagged";

  private static final String SHARED = SharedWriters.DIRECTORY + "/";

  private static final Map<String, String> TAGS = Map.of("team", "a");

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
    var writers = new SharedWriters(world);
    world
        .bucket
        .foreign()
        .put(TAGGED, new byte[9], new Placement(ObjectHeaders.NONE, Encryption.OF_BUCKET, TAGS));
    world.execution.run(() -> {
      world.start();
      world.createMount();
      for (var i = 0; i < CLIENTS; i++) {
        var client = new SimulatedClient(world, i, history);
        client.makeHome();
        clients.add(client);
      }
      writers.makeFiles();
    });
    world.bucket.faults().chances(new MemoryFaults.Chances(0.05, 0.05, 0.05, 0.05));
    world.bucket.faults().spoiledPuts(0.2);
    world.bucket.faults().delay(Duration.ofMillis(5), Duration.ofSeconds(2));
    for (var life = 0; life < LIVES; life++) {
      for (var client : clients) {
        world.execution.fork("client", () -> unchecked(() -> client.work(OPERATIONS)));
      }
      writers.fork();
      var orders = random.split();
      world.execution.fork("operator", () -> unchecked(() -> operate(world, orders)));
      world.execution.run(() -> untilCrash(world, random));
      var kind = random.nextBoolean() ? Crash.KILL : Crash.POWER;
      world.crash(kind);
      clients.forEach(SimulatedClient::noteUnderWay);
      checkObjects(world, history, writers, true);
      world.execution.run(() -> {
        world.start();
        for (var client : clients) {
          client.recover(kind == Crash.POWER);
        }
        writers.recover(kind);
        checkState(world);
      });
    }
    world.bucket.faults().chances(MemoryFaults.Chances.NONE);
    world.bucket.faults().spoiledPuts(0);
    world.execution.run(() -> {
      var flushed = world.gateway().administration().flush("sim", "", true);
      assertThat(flushed.failing()).isEmpty();
      assertThat(world.gateway().administration().dirty(null, 10)).isEmpty();
    });
    world.execution.run(() -> checkState(world));
    world.execution.run(
        () -> assertThat(world.gateway().administration().mount("sim").conflicts()).isZero());
    world.execution.runFor(Duration.ofMinutes(11));
    // What a lost reply began without anybody knowing holds no bytes.
    assertThat(world.bucket.foreign().uploadsWithParts()).as("seed %d", world.seed).isEmpty();
    checkObjects(world, history, writers, false);
    var shared = new TreeMap<String, String>();
    world.execution.run(() -> {
      writers.check();
      shared.putAll(SharedWriters.contents(world));
    });
    checkBucketHoldsAll(world, clients, shared);
    assertThat(world.bucket.foreign().tags(TAGGED)).as("seed %d", world.seed).isEqualTo(TAGS);
    world.execution.run(() ->
        assertThat(SimulatedClient.contents(world.files(), tagged(world)))
            .isEqualTo(world.bucket.foreign().get(TAGGED)));
    world.wipe();
    world.execution.run(() -> {
      world.start();
      world.createMount();
      for (var client : clients) {
        assertThat(SimulatedClient.describe(client.observe()))
            .isEqualTo(SimulatedClient.describe(client.model()));
      }
      assertThat(SharedWriters.contents(world)).isEqualTo(shared);
    });
    for (var kind : RequestKind.values()) {
      REQUESTS.merge(kind, world.bucket.counts().of(kind), Long::sum);
    }
    var trace = world.execution.traceHash();
    world.execution.abandonAll();
    return trace;
  }

  /** Lets time pass; half of the crashes come when all shared writers are in a hurry. */
  private static void untilCrash(SimulatedWorld world, SplittableRandom random) throws Exception {
    var life = Duration.ofMillis(1 + random.nextInt(300_000)).toNanos();
    if (random.nextBoolean()) {
      world.execution.sleep(Duration.ofNanos(life));
      return;
    }
    var period = SharedWriters.PERIOD.toNanos();
    var end = world.execution.nanoTime() + life;
    world.execution.sleep(Duration.ofNanos(life + period - end % period));
    for (var turns = random.nextInt(TURNS_MAX); turns > 0; turns--) {
      world.execution.offload(() -> true);
    }
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

  /**
   * The local state agrees with itself, whatever is in it. Copies of what S3 has are not synced: a
   * loss of power may take them, and they are fetched again.
   */
  private static void checkState(SimulatedWorld world) throws Exception {
    var report = world.gateway().administration().check(null, true);
    assertThat(report.findings())
        .as("seed %d", world.seed)
        .filteredOn(finding -> finding.kind() != Kind.DAMAGED_COPY)
        .isEmpty();
    assertThat(report.names()).isPositive();
  }

  private static List<String> fileKeys(SimulatedWorld world) {
    return world.bucket.foreign().keys().stream()
        .filter(key -> !key.endsWith("/") && !key.contains(".bucketfs") && !key.equals(TAGGED))
        .toList();
  }

  private static FileId tagged(SimulatedWorld world) throws Exception {
    return world.files().lookup(Caller.ROOT, world.root(), TAGGED, Patience.FOREVER).id();
  }

  private static void writeTagged(SimulatedWorld world, int offset, byte value) throws Exception {
    var data = Unpooled.wrappedBuffer(new byte[] {value});
    world.files().write(tagged(world), offset, data, Stability.FILE_SYNC, Patience.FOREVER);
  }

  /** How fast files go to the bucket, and what waits for that, is all the same to what is lost. */
  private static ExportPolicy exports(SplittableRandom random) {
    var triggers = ExportPolicy.Trigger.values();
    return new ExportPolicy(
        triggers[random.nextInt(triggers.length)],
        random.nextBoolean() ? ExportPolicy.NO_LIMIT : 1L << (16 + random.nextInt(5)));
  }

  /** Nobody else writes: whoever would win, there are no conflicts. */
  private static ConflictPolicy conflicts(SplittableRandom random) {
    var winners = ConflictPolicy.Winner.values();
    return new ConflictPolicy(winners[random.nextInt(winners.length)], null, Long.MAX_VALUE);
  }

  /**
   * Orders that have local copies fetched, dropped and kept while clients work, and settings
   * changed, and an object written that has tags.
   */
  private static void operate(SimulatedWorld world, SplittableRandom random) throws Exception {
    var all = List.of(new Place("sim", ""));
    while (true) {
      world.execution.sleep(Duration.ofMillis(1 + random.nextInt(30_000)));
      var administration = world.gateway().administration();
      var keep = administration.keep();
      try {
        switch (random.nextInt(9)) {
          case 0 -> keep.warm(all, _ -> true);
          case 1 -> keep.pin(all, _ -> true);
          case 2 -> keep.unpin(all);
          case 3 -> administration.setExports("sim", exports(random));
          case 4 -> administration.setConflicts("sim", conflicts(random));
          case 5 -> administration.refresh("sim", "", true);
          case 6 -> writeTagged(world, random.nextInt(20), (byte) random.nextInt());
          default -> keep.evict(all, _ -> true);
        }
      } catch (AdminException _) {
        // S3 fails now and then.
      }
    }
  }

  /**
   * Checks that every object is one whole version of a file.
   *
   * @param maybeSpoiled whether one may not be what was sent yet, as the store has told
   */
  private static void checkObjects(
      SimulatedWorld world, Set<String> history, SharedWriters writers, boolean maybeSpoiled) {
    for (var key : fileKeys(world)) {
      if (maybeSpoiled && world.bucket.isSpoiled(key)) {
        continue;
      }
      var stored = world.bucket.foreign().get(key);
      assertThat(stored).isNotNull();
      var bytes = stored == null ? new byte[0] : stored;
      if (key.startsWith(SHARED)) {
        assertThat(writers.mayHaveBeen(key.substring(SHARED.length()), bytes))
            .as("%s may have been like this at some time, seed %d", key, world.seed)
            .isTrue();
      } else {
        assertThat(history)
            .as("%s is a whole version of a file, seed %d", key, world.seed)
            .contains(Digests.of(bytes));
      }
    }
  }

  private static void checkBucketHoldsAll(
      SimulatedWorld world, List<SimulatedClient> clients, Map<String, String> shared) {
    var expected = new TreeMap<>(shared);
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
