package io.bucketfs.app.cli;

/** Keeps a service running. */
@FunctionalInterface
interface UntilStopped {
  /** Waits for the end of the service, closes it and returns the exit code. */
  int await(AutoCloseable service) throws InterruptedException;
}
