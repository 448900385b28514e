package io.bucketfs.nfs.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.access.ClientAddress;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.nfs.ManualExecution;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Byte-range locks of several owners in a file, against one plain array of bytes an owner. */
final class LockTreeTest {
  private static final int BYTES = 40;
  private static final int FREE = 0;
  private static final int SHARED = 1;
  private static final int EXCLUSIVE = 2;

  private final Client client =
      new Client(
          1,
          new Clients.Identity(
              new Opaque(new byte[] {1}), 1, new Principal(0, 0), "", ClientAddress.UNKNOWN),
          new LeaseClock(new ManualExecution(), Duration.ofSeconds(90), Duration.ofSeconds(1)));

  private final LockTree tree = new LockTree();

  private LockState owner(int number) {
    var name = new Opaque(("owner " + number).getBytes(StandardCharsets.US_ASCII));
    var open = new OpenState(client, name, FileId.root(1), new StateId(0, 1, number));
    return new LockState(name, open, new StateId(0, 1, number), tree);
  }

  @Test
  void behavesLikeOneLockAByteAndOwner() {
    for (var seed = 0; seed < 150; seed++) {
      var random = new Random(seed);
      var owners = new LockState[1 + random.nextInt(5)];
      Arrays.setAll(owners, this::owner);
      var model = new int[owners.length][BYTES];
      for (var step = 0; step < 80; step++) {
        var who = random.nextInt(owners.length);
        var range = randomRange(random);
        var kind = random.nextInt(3);
        var conflict = tree.conflict(range, kind == EXCLUSIVE, owners[who]);
        if (kind == FREE) {
          owners[who].ranges().unlock(range);
        } else if (conflict == null) {
          owners[who].ranges().lock(range, kind == EXCLUSIVE);
        } else {
          continue;
        }
        Arrays.fill(model[who], (int) range.first(), (int) range.last() + 1, kind);
        check(seed, random, owners, model);
      }
      var runs = Arrays.stream(model).mapToInt(LockTreeTest::runs).sum();
      assertThat(tree.size()).as("seed %d: neighbours are joined", seed).isEqualTo(runs);
      for (var owner : owners) {
        owner.ranges().clear();
      }
      assertThat(tree.isEmpty()).as("seed %d", seed).isTrue();
    }
  }

  private static ByteRange randomRange(Random random) {
    var first = random.nextInt(BYTES);
    return new ByteRange(first, first + random.nextInt(BYTES - first));
  }

  private void check(int seed, Random random, LockState[] owners, int[][] model) {
    for (var n = 0; n < 10; n++) {
      var range = randomRange(random);
      var exclusive = random.nextBoolean();
      var who = random.nextInt(owners.length);
      var expected = FREE;
      var firstAt = Long.MAX_VALUE;
      for (var other = 0; other < owners.length; other++) {
        for (var at = (int) range.first(); at <= range.last() && other != who; at++) {
          if (model[other][at] == EXCLUSIVE || (exclusive && model[other][at] == SHARED)) {
            expected = model[other][at];
            firstAt = Math.min(firstAt, at);
          }
        }
      }
      var conflict = tree.conflict(range, exclusive, owners[who]);
      assertThat(conflict != null).as("seed %d, %s", seed, range).isEqualTo(expected != FREE);
      if (conflict != null) {
        assertThat(conflict.holder()).as("seed %d", seed).isNotSameAs(owners[who]);
        assertThat(Math.max(conflict.range().first(), range.first()))
            .as("seed %d, %s: the first that is in the way", seed, range)
            .isEqualTo(firstAt);
      }
    }
  }

  private static int runs(int[] model) {
    var runs = 0;
    for (var at = 0; at < model.length; at++) {
      if (model[at] != FREE && (at == 0 || model[at - 1] != model[at])) {
        runs++;
      }
    }
    return runs;
  }

  @Test
  void reachesTheEndOfAllFiles() throws Exception {
    var ranges = owner(1).ranges();
    ranges.lock(ByteRange.of(Long.MAX_VALUE, -1), true);
    assertThat(tree.conflict(ByteRange.of(-2, 1), false, null)).isNotNull();
    assertThat(tree.conflict(ByteRange.of(0, 10), true, null)).isNull();
    ranges.unlock(ByteRange.of(-2, -1));
    assertThat(tree.conflict(ByteRange.of(-2, 1), false, null)).isNull();
    assertThat(tree.conflict(ByteRange.of(-3, 1), false, null)).isNotNull();
  }

  /** 20,000 owners with 10 ranges each: a list would need minutes for what follows. */
  @Test
  @Timeout(value = 20, unit = TimeUnit.SECONDS)
  void staysFastWithManyOwnersAndRanges() {
    var owners = new LockState[20_000];
    Arrays.setAll(owners, this::owner);
    for (var n = 0; n < 200_000; n++) {
      var range = new ByteRange(n * 10L, n * 10L + 4);
      assertThat(tree.conflict(range, true, null)).isNull();
      owners[n % owners.length].ranges().lock(range, true);
    }
    var shared = owner(-1);
    for (var n = 0; n < 200_000; n++) {
      var hole = new ByteRange(n * 10L + 5, n * 10L + 9);
      assertThat(tree.conflict(hole, true, shared)).isNull();
      assertThat(tree.conflict(new ByteRange(n * 10L + 3, n * 10L + 9), false, shared)).isNotNull();
    }
    assertThat(tree.size()).isEqualTo(200_000);
  }
}
