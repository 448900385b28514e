package io.bucketfs.nfs;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.fuzz.FuzzRun;
import io.bucketfs.nfs.fuzz.AttributesFuzz;
import io.bucketfs.nfs.fuzz.CallFuzz;
import io.bucketfs.nfs.fuzz.OperationFuzz;
import io.bucketfs.nfs.fuzz.PlantedFuzz;
import io.bucketfs.nfs.fuzz.RecordFuzz;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Looks for inputs that break a decoder, led by coverage: see CONTRIBUTING.md for hours of it. */
final class FuzzIT {
  @ParameterizedTest
  @Timeout(100_000)
  @ValueSource(
      classes = {
        RecordFuzz.class,
        CallFuzz.class,
        OperationFuzz.class,
        AttributesFuzz.class,
        EngineFuzz.class
      })
  void nothingBreaks(Class<?> target) throws Exception {
    // The whole engine is much more code to find one's way through.
    FuzzRun.explore(target, target.equals(EngineFuzz.class) ? 3 : 1);
  }

  /** The search itself works: it finds a way through conditions that chance does not. */
  @Test
  void whatIsBrokenIsFound() {
    assertThatThrownBy(() -> FuzzRun.explore(PlantedFuzz.class, 1))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("the planted mistake");
  }
}
