package io.bucketfs.core.writeback;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Waits until a set of subjects was exported. Guarded by the schedule's lock. */
final class Barrier {
  /** What could not be exported, and why. */
  record Failure(Subject subject, String reason) {}

  private final List<Failure> failures = new ArrayList<>();
  private final CompletableFuture<List<Failure>> done = new CompletableFuture<>();
  private int left = 1;
  private int covered;

  void add() {
    left++;
    covered++;
  }

  void finished() {
    if (--left == 0) {
      done.complete(List.copyOf(failures));
    }
  }

  void failed(Subject subject, String reason) {
    failures.add(new Failure(subject, reason));
    finished();
  }

  int covered() {
    return covered;
  }

  CompletableFuture<List<Failure>> done() {
    return done;
  }
}
