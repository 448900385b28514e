package io.bucketfs.e2e.lab;

/** What a finished command left. */
public record Output(String script, int exitCode, String stdout, String stderr) {
  private static final int SHOWN_CHARACTERS_MAX = 4_000;

  /** The standard output, of a command that succeeded. */
  public String orFail() {
    if (exitCode != 0) {
      throw new AssertionError("exit code " + exitCode + " of " + this);
    }
    return stdout;
  }

  @Override
  public String toString() {
    return script + "\n--- stdout\n" + tail(stdout) + "\n--- stderr\n" + tail(stderr);
  }

  private static String tail(String text) {
    return text.substring(Math.max(0, text.length() - SHOWN_CHARACTERS_MAX));
  }
}
