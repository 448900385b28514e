package io.bucketfs.cache.extent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageChecksumsTest {
  private static final int PAGE = PageChecksums.PAGE_BYTES;

  private static int[] pagesOf(byte[] bytes) {
    var pages = new int[bytes.length / PAGE];
    PageChecksums.compute(ByteBuffer.wrap(bytes), pages, 0);
    return pages;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 16, 17})
  void joinedTheyAreTheChecksumOfTheWhole(int count) {
    var bytes = new byte[count * PAGE];
    new SplittableRandom(count).nextBytes(bytes);
    var pages = pagesOf(bytes);
    assertThat(PageChecksums.joined(pages, 0, count))
        .isEqualTo(RecordHeader.checksum(ByteBuffer.wrap(bytes)));
    var middle = ByteBuffer.wrap(bytes, PAGE, bytes.length - PAGE);
    if (count > 1) {
      assertThat(PageChecksums.joined(pages, 1, count)).isEqualTo(RecordHeader.checksum(middle));
    }
  }

  /** So a table of pages is as sure as the checksum of the block. */
  @Test
  void anyOtherChecksumOfAPageMakesAnotherOneOfTheWhole() {
    var bytes = new byte[16 * PAGE];
    var pages = pagesOf(bytes);
    var whole = PageChecksums.joined(pages, 0, 16);
    for (var page = 0; page < 16; page++) {
      for (var bit = 0; bit < Integer.SIZE; bit++) {
        pages[page] ^= 1 << bit;
        assertThat(PageChecksums.joined(pages, 0, 16)).isNotEqualTo(whole);
        pages[page] ^= 1 << bit;
      }
    }
  }
}
