package io.bucketfs.app.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ByteSizesTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "17, 17",
    "17b, 17",
    "1KiB, 1024",
    "1k, 1024",
    "1kB, 1000",
    "512MiB, 536870912",
    "10GiB, 10737418240",
    "10 gib, 10737418240",
    "2TB, 2000000000000",
    "3G, 3221225472"
  })
  void readsWhatPeopleWrite(String text, long bytes) {
    assertThat(ByteSizes.parse(text)).hasValue(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "-1", "1.5GiB", "1 PiB", "999999999999999TiB", "10%"})
  void refusesWhatIsNoSize(String text) {
    assertThat(ByteSizes.parse(text)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1 KiB",
    "1536, 1.5 KiB",
    "10737418240, 10 GiB",
    "9223372036854775807, 8 EiB"
  })
  void writesWithABinaryUnit(long bytes, String text) {
    assertThat(ByteSizes.format(bytes)).isEqualTo(text);
  }

  @Test
  void readsWhatItWrote() {
    assertThat(ByteSizes.parse(ByteSizes.format(5L << 40))).hasValue(5L << 40);
  }
}
