package io.bucketfs.app.config;

import java.util.ArrayList;
import java.util.List;

/** Collects every mistake in some input, so that all of them are told at once. One thread. */
public final class Problems {
  private final List<String> sentences = new ArrayList<>();

  /** Adds a sentence that names the setting and says what it may be. */
  public void add(String sentence) {
    sentences.add(sentence);
  }

  public boolean isEmpty() {
    return sentences.isEmpty();
  }

  public List<String> sentences() {
    return List.copyOf(sentences);
  }

  /** Ends the reading of the input where anything was wrong with it. */
  public void throwIfAny() throws InvalidInputException {
    if (!sentences.isEmpty()) {
      throw new InvalidInputException(sentences);
    }
  }
}
