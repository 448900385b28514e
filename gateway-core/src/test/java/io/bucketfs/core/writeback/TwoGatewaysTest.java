package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Chances;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two gateways have one bucket, by mistake: what each was given is kept, and both say so. */
@Timeout(600)
final class TwoGatewaysTest {
  private static final int SEEDS = Integer.getInteger("simulation.seeds", 20);

  private static World gateway(SimulatedExecution execution, MemoryBucket bucket, long seed)
      throws Exception {
    return new World(
        execution, new MemoryKeyValueStore(execution, seed), new MemoryExtentStore(), bucket);
  }

  @Test
  void bothSayThatThereIsAnother() {
    var execution = new SimulatedExecution(1);
    execution.run(() -> {
      var bucket = new MemoryBucket(execution);
      var one = gateway(execution, bucket, 1);
      var other = gateway(execution, bucket, 2);
      one.write("a", "one");
      other.write("a", "other");
      one.flush();
      assertThat(one.operations.mount("data").otherGateway()).isNull();
      other.flush();
      assertThat(other.operations.mount("data").otherGateway()).isNotNull();
      assertThat(other.read("a")).isEqualTo("one");
      other.write("a", "again");
      other.flush();
      one.refresh("", true);
      assertThat(one.read("a")).isEqualTo("again");
      one.at("a");
      assertThat(one.operations.mount("data").otherGateway()).isNotNull();
    });
  }

  /** Whoever takes over a bucket is no second one. */
  @Test
  void aSuccessorSaysNothing() {
    var execution = new SimulatedExecution(1);
    execution.run(() -> {
      var bucket = new MemoryBucket(execution);
      var one = gateway(execution, bucket, 1);
      one.write("a", "one");
      one.flush();
      one.writeBack.close();
      execution.sleep(Duration.ofMinutes(10));
      var next = gateway(execution, bucket, 2);
      assertThat(next.read("a")).isEqualTo("one");
      next.write("a", "next");
      next.flush();
      assertThat(next.operations.mount("data").otherGateway()).isNull();
      assertThat(next.operations.conflicts(null, 10)).isEmpty();
    });
  }

  @Test
  void whatEachWasGivenIsKept() {
    for (var seed = 1L; seed <= SEEDS; seed++) {
      try {
        work(seed);
      } catch (Throwable t) {
        throw new AssertionError("seed " + seed, t);
      }
    }
  }

  private static void work(long seed) {
    var random = new SplittableRandom(seed);
    var execution = new SimulatedExecution(seed);
    var bucket = new MemoryBucket(execution);
    bucket.faults().delay(Duration.ofMillis(1), Duration.ofSeconds(1));
    bucket.faults().chances(new Chances(0.03, 0.03, 0.06, 0.03));
    execution.run(() -> {
      var gateways = List.of(gateway(execution, bucket, 1), gateway(execution, bucket, 2));
      Set<String> owed = new HashSet<>();
      for (var gateway : gateways) {
        var own = gateways.indexOf(gateway);
        var chance = random.split();
        execution.fork("client", () -> write(gateway, own, chance, owed));
      }
      execution.sleep(Duration.ofMinutes(15));
      bucket.faults().chances(Chances.NONE);
      execution.sleep(Duration.ofMinutes(15));
      for (var round = 0; round < 4; round++) {
        for (var gateway : gateways) {
          gateway.refresh("", true);
          assertThat(gateway.flush().failing()).isEmpty();
        }
      }
      var found = new HashSet<String>();
      for (var gateway : gateways) {
        for (var path : gateway.find("")) {
          if (gateway.at(path).type() == FileType.FILE) {
            found.add(gateway.read(path));
          }
        }
        assertThat(gateway.operations.check(null, true).findings()).isEmpty();
      }
      assertThat(found).containsAll(owed);
      var paths = gateways.stream().map(TwoGatewaysTest::shown).toList();
      assertThat(paths.getFirst()).isEqualTo(paths.getLast());
      assertThat(gateways.stream().filter(TwoGatewaysTest::hasSeenAnother)).isNotEmpty();
    });
  }

  private static boolean hasSeenAnother(World gateway) {
    try {
      return gateway.operations.mount("data").otherGateway() != null;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> shown(World gateway) {
    try {
      return gateway.find("").stream()
          .filter(path -> !path.startsWith(".bucketfs"))
          .sorted()
          .toList();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Makes files of names that both use; each is written once, so that nothing replaces it. */
  private static void write(World gateway, int own, SplittableRandom chance, Set<String> owed) {
    for (var i = 0; i < 20; i++) {
      try {
        gateway.execution.sleep(Duration.ofMillis(chance.nextInt(30_000)));
        var path = "f" + i;
        if (!gateway.exists(path)) {
          var text = own + " wrote " + i;
          gateway.write(path, text);
          // Where the other's object came in between, what was written was its new version.
          owed.add(text);
        }
      } catch (FileSystemException | InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
