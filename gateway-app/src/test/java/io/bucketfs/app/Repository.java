package io.bucketfs.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The work tree that the tests run in. */
public final class Repository {
  private Repository() {}

  /** A file or directory, by its path from the top. */
  public static Path path(String relative) {
    // Surefire and failsafe start in the module's directory.
    return Path.of("..").toAbsolutePath().normalize().resolve(relative);
  }

  /** The text of a file. */
  public static String read(String relative) throws IOException {
    return Files.readString(path(relative));
  }
}
