package io.bucketfs.nfs.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Byte-range locks against a plain array of bytes. */
final class LockRangesTest {
  private static final int BYTES = 40;

  @Test
  void behavesLikeOneLockAByte() {
    for (var seed = 0; seed < 200; seed++) {
      var random = new Random(seed);
      var ranges = new LockRanges();
      var model = new int[BYTES];
      for (var step = 0; step < 60; step++) {
        var first = random.nextInt(BYTES);
        var last = first + random.nextInt(BYTES - first);
        var range = new ByteRange(first, last);
        var kind = random.nextInt(3);
        Arrays.fill(model, first, last + 1, kind);
        if (kind == 0) {
          ranges.unlock(range);
        } else {
          ranges.lock(range, kind == 2);
        }
        for (var at = 0; at < BYTES; at++) {
          var one = new ByteRange(at, at);
          assertThat(ranges.conflict(one, true) != null)
              .as("seed %d", seed)
              .isEqualTo(model[at] != 0);
          assertThat(ranges.conflict(one, false) != null)
              .as("seed %d", seed)
              .isEqualTo(model[at] == 2);
        }
      }
      assertThat(ranges.size()).as("seed %d: neighbours are joined", seed).isEqualTo(runs(model));
    }
  }

  private static int runs(int[] model) {
    var runs = 0;
    for (var at = 0; at < model.length; at++) {
      if (model[at] != 0 && (at == 0 || model[at - 1] != model[at])) {
        runs++;
      }
    }
    return runs;
  }

  @Test
  void reachesTheEndOfAllFiles() throws Exception {
    var ranges = new LockRanges();
    ranges.lock(ByteRange.of(Long.MAX_VALUE, -1), true);
    assertThat(ranges.conflict(ByteRange.of(-2, 1), false)).isNotNull();
    assertThat(ranges.conflict(ByteRange.of(0, 10), true)).isNull();
    ranges.unlock(ByteRange.of(-2, -1));
    assertThat(ranges.conflict(ByteRange.of(-2, 1), false)).isNull();
    assertThat(ranges.conflict(ByteRange.of(-3, 1), false)).isNotNull();
  }
}
