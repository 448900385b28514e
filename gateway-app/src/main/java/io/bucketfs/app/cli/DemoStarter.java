package io.bucketfs.app.cli;

import io.bucketfs.app.demo.DemoSettings;
import java.io.IOException;

/** Starts a demo in this process. A test may start none. */
@FunctionalInterface
interface DemoStarter {
  /**
   * Returns once a mount succeeds.
   *
   * @throws IOException with a sentence for the operator where it cannot start
   */
  AutoCloseable start(DemoSettings settings) throws IOException, InterruptedException;
}
