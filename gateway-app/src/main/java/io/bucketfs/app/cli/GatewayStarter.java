package io.bucketfs.app.cli;

import io.bucketfs.app.config.GatewayConfig;
import java.io.IOException;

/** Starts a gateway in this process. A test may start none. */
@FunctionalInterface
interface GatewayStarter {
  /**
   * Returns once clients can mount.
   *
   * @throws IOException with a sentence for the operator where it cannot start
   */
  AutoCloseable start(GatewayConfig config) throws IOException, InterruptedException;
}
