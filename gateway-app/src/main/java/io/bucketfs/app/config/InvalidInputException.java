package io.bucketfs.app.config;

import java.util.List;

/** Input that is wrong, with everything that is wrong about it. */
public final class InvalidInputException extends Exception {
  private final List<String> problems;

  public InvalidInputException(List<String> problems) {
    super(String.join("\n", problems), null, false, false);
    this.problems = List.copyOf(problems);
  }

  /** One sentence each. */
  public List<String> problems() {
    return problems;
  }
}
