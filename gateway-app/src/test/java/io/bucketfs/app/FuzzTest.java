package io.bucketfs.app;

import io.bucketfs.app.admin.AdminFuzz;
import io.bucketfs.app.config.ConfigFuzz;
import io.bucketfs.core.fuzz.FuzzRun;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What operators write, on the inputs that are worth keeping, and on changed copies. */
final class FuzzTest {
  @Test
  void configuration() throws IOException {
    FuzzRun.replay(ConfigFuzz.class, ConfigFuzz::fuzzerTestOneInput);
  }

  @Test
  void administration() throws IOException {
    FuzzRun.replay(AdminFuzz.class, AdminFuzz::fuzzerTestOneInput);
  }
}
