package io.bucketfs.app;

import io.bucketfs.app.admin.AdminFuzz;
import io.bucketfs.app.config.ConfigFuzz;
import io.bucketfs.core.fuzz.FuzzRun;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Looks for texts that break a parser, led by coverage. */
final class FuzzIT {
  @ParameterizedTest
  @Timeout(100_000)
  @ValueSource(classes = {ConfigFuzz.class, AdminFuzz.class})
  void nothingBreaks(Class<?> target) throws Exception {
    FuzzRun.explore(target, 1);
  }
}
