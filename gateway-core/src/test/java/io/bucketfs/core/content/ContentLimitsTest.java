package io.bucketfs.core.content;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What comes from S3 fits into the heap. */
final class ContentLimitsTest {
  private static final ContentLimits STANDARD = ContentLimits.ofDisk(1L << 40);

  @Test
  void aLargeHeapChangesNothing() {
    assertThat(STANDARD.forHeap(2L << 30)).isEqualTo(STANDARD);
  }

  @Test
  void aSmallHeapHasShorterAndFewerFetches() {
    for (var heap : new long[] {180L << 20, 358L << 20, 700L << 20}) {
      var limits = STANDARD.forHeap(heap);
      assertThat(limits.fetchBytesMax() % limits.granuleBytes()).isZero();
      assertThat(limits.fetchesMax()).isBetween(8, 32);
      assertThat((long) limits.fetchBytesMax() * limits.fetchesMax()).isLessThanOrEqualTo(heap / 6);
    }
    assertThat(STANDARD.forHeap(358L << 20).fetchBytesMax()).isEqualTo(3_670_016);
  }

  @Test
  void thereIsAlwaysARest() {
    var limits = STANDARD.forHeap(1 << 20);
    assertThat(limits.fetchBytesMax()).isEqualTo(limits.granuleBytes());
    assertThat(limits.fetchesMax()).isEqualTo(8);
  }
}
