package io.bucketfs.nfs;

import io.bucketfs.core.fuzz.FuzzRun;
import io.bucketfs.nfs.fuzz.AttributesFuzz;
import io.bucketfs.nfs.fuzz.CallFuzz;
import io.bucketfs.nfs.fuzz.OperationFuzz;
import io.bucketfs.nfs.fuzz.RecordFuzz;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Every decoder on the inputs that the fuzzer found worth keeping, and on changed copies. */
final class FuzzTest {
  @Test
  void records() throws IOException {
    FuzzRun.replay(RecordFuzz.class, RecordFuzz::fuzzerTestOneInput);
  }

  @Test
  void calls() throws IOException {
    FuzzRun.replay(CallFuzz.class, CallFuzz::fuzzerTestOneInput);
  }

  @Test
  void operations() throws IOException {
    FuzzRun.replay(OperationFuzz.class, OperationFuzz::fuzzerTestOneInput);
  }

  @Test
  void attributes() throws IOException {
    FuzzRun.replay(AttributesFuzz.class, AttributesFuzz::fuzzerTestOneInput);
  }

  @Test
  void engine() throws IOException {
    try {
      FuzzRun.replay(EngineFuzz.class, EngineFuzz::fuzzerTestOneInput);
    } finally {
      EngineFuzz.close(); // it looks for leaks, and so do the others
    }
  }
}
