package io.bucketfs.app.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class DurationsTest {
  @ParameterizedTest
  @CsvSource({"0s, PT0S", "500ms, PT0.5S", "60s, PT1M", "5m, PT5M", "2h, PT2H", "7d, PT168H"})
  void readsWhatPeopleWrite(String text, Duration duration) {
    assertThat(Durations.parse(text)).hasValue(duration);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "60", "-1s", "1.5s", "1m30s", "5 minutes"})
  void refusesWhatIsNoDuration(String text) {
    assertThat(Durations.parse(text)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"PT0S, 0s", "PT0.5S, 500ms", "PT60S, 1m", "PT90S, 90s", "PT2H, 2h", "P2D, 2d"})
  void writesWhatItCanRead(Duration duration, String text) {
    assertThat(Durations.format(duration)).isEqualTo(text);
    assertThat(Durations.parse(text)).hasValue(duration);
  }

  @ParameterizedTest
  @CsvSource({"PT-1S, 0s", "PT59S, 59s", "PT200S, 3m 20s", "PT3700S, 1h 1m", "PT90000S, 1d 1h"})
  void saysItInTwoUnits(Duration duration, String text) {
    assertThat(Durations.human(duration)).isEqualTo(text);
  }
}
