package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.content.ByteRun;
import io.bucketfs.core.content.Contents;
import io.bucketfs.core.object.MultipartStore;
import io.bucketfs.core.writeback.PartLayout.Piece;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class PartLayoutTest {
  private static final MultipartLimits LIMITS = MultipartLimits.DEFAULT;
  private static final long MIB = 1 << 20;
  private static final long GIB = 1 << 30;

  @Test
  void newBytesAreCutEvenly() {
    assertThat(PartLayout.of(16 * MIB, List.of(), LIMITS))
        .containsExactly(new Piece(1, 0, 16 * MIB, false));
    assertThat(PartLayout.of(40 * MIB, List.of(), LIMITS))
        .hasSize(3)
        .allSatisfy(piece -> assertThat(piece.length()).isBetween(13 * MIB, 14 * MIB));
  }

  @Test
  void anAppendSendsWhatIsNew() {
    var pieces = PartLayout.of(2 * GIB + MIB, List.of(new ByteRun(0, 2 * GIB)), LIMITS);
    assertThat(pieces)
        .containsExactly(
            new Piece(1, 0, GIB, true),
            new Piece(2, GIB, GIB, true),
            new Piece(3, 2 * GIB, MIB, false));
  }

  /** A part in the middle takes some of what follows along. */
  @Test
  void aShortChangeBecomesAPartOfTheLeastSize() {
    var unchanged = List.of(new ByteRun(0, 100 * MIB), new ByteRun(101 * MIB, 99 * MIB));
    assertThat(PartLayout.of(200 * MIB, unchanged, LIMITS))
        .containsExactly(
            new Piece(1, 0, 100 * MIB, true),
            new Piece(2, 100 * MIB, 5 * MIB, false),
            new Piece(3, 105 * MIB, 95 * MIB, true));
  }

  @Test
  void theLargestFileFits() {
    var pieces = PartLayout.of(Contents.FILE_BYTES_MAX, List.of(), LIMITS);
    assertThat(pieces.size()).isLessThanOrEqualTo(MultipartStore.PARTS_MAX);
    assertThat(pieces).allSatisfy(piece -> assertThat(piece.length()).isLessThan(5 * GIB));
    var copied = List.of(new ByteRun(0, Contents.FILE_BYTES_MAX));
    assertThat(PartLayout.of(Contents.FILE_BYTES_MAX, copied, LIMITS).size())
        .isLessThanOrEqualTo(MultipartStore.PARTS_MAX);
  }

  /** Every other 6 MiB of 100 GiB changed: that would be too many parts. */
  @Test
  void manyChangesAreSentWithWhatIsBetweenThem() {
    var unchanged = new ArrayList<ByteRun>();
    for (var at = 0L; at < 100 * GIB; at += 12 * MIB) {
      unchanged.add(new ByteRun(at, 6 * MIB));
    }
    var pieces = PartLayout.of(100 * GIB, unchanged, LIMITS);
    assertThat(pieces.size()).isLessThanOrEqualTo(MultipartStore.PARTS_MAX);
    requireWhole(pieces, 100 * GIB, LIMITS.partBytesMin(), unchanged);
  }

  @Test
  void anyLayoutCoversTheObjectOnceAndKeepsTheLeastSize() {
    for (var seed = 0; seed < 20_000; seed++) {
      var random = new SplittableRandom(seed);
      var size = 1 + random.nextLong(random.nextBoolean() ? 64 * MIB : 40 * GIB);
      var unchanged = new ArrayList<ByteRun>();
      for (var at = 0L; ; ) {
        var from = at + (at == 0 ? random.nextInt(2) : 1) * random.nextLong(1 + size / 4);
        var length = 1 + random.nextLong(1 + size / 3);
        if (from + length > size) {
          break;
        }
        unchanged.add(new ByteRun(from, length));
        at = from + length + 1;
      }
      var pieces = PartLayout.of(size, unchanged, LIMITS);
      requireWhole(pieces, size, LIMITS.partBytesMin(), unchanged);
    }
  }

  private static void requireWhole(
      List<Piece> pieces, long size, long least, List<ByteRun> unchanged) {
    var at = 0L;
    for (var piece : pieces) {
      assertThat(piece.offset()).isEqualTo(at);
      at += piece.length();
      assertThat(at == size || piece.length() >= least).isTrue();
      var end = at;
      if (piece.isCopied()) {
        assertThat(unchanged).anyMatch(run -> run.offset() <= piece.offset() && end <= run.end());
      }
    }
    assertThat(at).isEqualTo(size);
  }
}
