package io.bucketfs.core.content;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.store.Extent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The order of arrival does not matter, only the sequence does (a byte has three states). */
class ExtentOverlayTest {
  private static final int FILE_BYTES = 64;

  /** Each byte shows the highest sequence that wrote it; 0 is a fill, -1 the base. */
  private static long[] model(List<Extent> writes) {
    var bytes = new long[FILE_BYTES];
    Arrays.fill(bytes, -1);
    for (var write : writes) {
      for (var at = write.offset(); at < write.end(); at++) {
        bytes[(int) at] = Math.max(bytes[(int) at], write.sequence());
      }
    }
    return bytes;
  }

  private static long[] shown(ExtentMap map) {
    var bytes = new long[FILE_BYTES];
    Arrays.fill(bytes, -1);
    var end = 0L;
    for (var extent : map.all()) {
      assertThat(extent.offset()).isGreaterThanOrEqualTo(end);
      assertThat(extent.length()).isPositive();
      end = extent.end();
      Arrays.fill(bytes, (int) extent.offset(), (int) extent.end(), extent.sequence());
    }
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void showsTheHighestSequenceInWhateverOrderWritesArrive(long seed) {
    var random = new Random(seed);
    for (var round = 0; round < 200; round++) {
      var writes = new ArrayList<Extent>();
      for (var sequence = 0; sequence < 12; sequence++) {
        var from = random.nextInt(FILE_BYTES);
        var length = 1 + random.nextInt(FILE_BYTES - from);
        writes.add(new Extent(from, length, sequence < 3 ? 0 : sequence, null, 0));
      }
      var expected = model(writes);
      Collections.shuffle(writes, random);
      var map = new ExtentMap();
      writes.forEach(map::lay);
      assertThat(shown(map)).as("seed %d round %d", seed, round).isEqualTo(expected);
    }
  }

  @Test
  void layingTheSameWriteTwiceChangesNothing() {
    var map = new ExtentMap();
    map.lay(new Extent(0, 10, 5, null, 0));
    map.lay(new Extent(4, 2, 6, null, 0));
    var once = map.all();
    map.lay(new Extent(0, 10, 5, null, 0));
    map.lay(new Extent(4, 2, 6, null, 0));
    assertThat(shown(map)).isEqualTo(model(once));
  }
}
