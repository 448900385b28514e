package io.bucketfs.app.cli;

import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends a service on SIGINT and SIGTERM, and the process after it. */
final class Signals {
  private static final Logger LOG = LoggerFactory.getLogger(Signals.class);

  private Signals() {}

  /** Waits for a signal; the process ends inside, with 0 where the service closed cleanly. */
  static int await(AutoCloseable service) throws InterruptedException {
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("shutdown")
                .unstarted(() -> {
                  // A stop that was asked for is a success, which the JVM would not say.
                  Runtime.getRuntime().halt(close(service) ? ExitCode.OK : ExitCode.FAILED);
                }));
    new CountDownLatch(1).await();
    return ExitCode.OK;
  }

  @SuppressWarnings("CatchingUnchecked")
  private static boolean close(AutoCloseable service) {
    try {
      service.close();
      return true;
    } catch (Exception e) {
      LOG.error("The gateway did not stop cleanly", e);
      return false;
    }
  }
}
