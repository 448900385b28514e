package io.bucketfs.core.content;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class ReadStreamsTest {
  private static final int MIB = 1 << 20;
  private static final long END = 1L << 40;

  private final ReadStreams streams = new ReadStreams(MIB / 4, 32 * MIB);

  @Test
  void theFirstReadInTheMiddleFetchesItselfAlone() {
    assertThat(streams.missed(100 * MIB, 101 * MIB)).isEqualTo(101 * MIB);
    assertThat(streams.hit(500L * MIB, 501L * MIB, END)).isNull();
  }

  @Test
  void theFirstReadOfAFileFetchesALittleMore() {
    assertThat(streams.missed(0, 4096)).isEqualTo(4096 + MIB / 4);
  }

  @Test
  void whoGoesOnIsFetchedAheadOfTwiceWhatItRead() {
    assertThat(streams.missed(0, MIB)).isEqualTo(3 * MIB);
    assertThat(streams.hit(MIB, 2 * MIB, END)).isEqualTo(new ReadStreams.Range(3 * MIB, 6 * MIB));
    assertThat(streams.hit(2 * MIB, 3 * MIB, END)).as("3 of 6 are here").isNotNull();
    for (var at = 3L; at < 200; at++) {
      streams.hit(at * MIB, (at + 1) * MIB, END);
    }
    var fetches = 0;
    for (var at = 200L; at < 264; at++) {
      var ahead = streams.hit(at * MIB, (at + 1) * MIB, END);
      if (ahead != null) {
        assertThat(ahead.to() - ahead.from()).isGreaterThanOrEqualTo(16 * MIB);
        fetches++;
      }
    }
    assertThat(fetches).isEqualTo(4);
  }

  @Test
  void nothingIsFetchedBeyondTheEnd() {
    streams.missed(0, MIB);
    assertThat(streams.hit(MIB, 2 * MIB, 3 * MIB)).isNull();
  }

  /** As a client sends them: up to eight at a time, in any order. */
  @Test
  void requestsOfOneReaderMayComeInAnyOrder() {
    var order = List.of(3, 0, 1, 7, 2, 6, 5, 4);
    var fetches = 0;
    for (var group = 0L; group < 64; group++) {
      for (var next : order) {
        var at = (group * 8 + next) * MIB;
        if (group == 0) {
          streams.missed(at, at + MIB);
        } else if (streams.hit(at, at + MIB, END) != null) {
          fetches++;
        }
      }
    }
    assertThat(fetches).as("504 MiB in steps of 16").isBetween(30, 40);
  }

  @Test
  void severalReadersGoOnWhereTheyAre() {
    for (var step = 0L; step < 20; step++) {
      for (var reader = 0L; reader < 8; reader++) {
        var at = reader * 1000 * MIB + step * MIB;
        var fetchTo = streams.missed(at, at + MIB);
        if (step > 0) {
          assertThat(fetchTo).isGreaterThan(at + MIB);
        }
      }
    }
  }

  @Test
  void aRandomReaderIsFetchedWhatItReads() {
    var random = new SplittableRandom(1);
    var more = 0;
    for (var i = 0; i < 1_000; i++) {
      var at = random.nextLong(1_000_000) * 4096;
      if (streams.missed(at, at + 4096) > at + 4096) {
        more++;
      }
    }
    assertThat(more).isLessThan(10);
  }
}
