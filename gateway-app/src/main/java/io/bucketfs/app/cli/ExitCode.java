package io.bucketfs.app.cli;

/** What the command line ends with; part of every help text. */
final class ExitCode {
  static final int OK = 0;
  static final int FAILED = 1;
  static final int INVALID = 2;
  static final int NOT_RUNNING = 3;

  /** Asks the launcher to start again with the JVM options that were printed. */
  static final int RESTART = 75;

  private ExitCode() {}
}
