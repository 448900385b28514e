package io.bucketfs.core.check;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What all rules of one check share: it reads in pages, rests as long as it worked, confirms what
 * seems wrong, and keeps what is. Used by one thread.
 */
final class Search {
  private static final int PAGE = 1_000;

  /** So many findings are kept; the rest is counted. */
  static final int FINDINGS_MAX = 1_000;

  private static final Duration REST_MAX = Duration.ofMillis(100);

  private final Committer committer;
  private final KeyValueStore store;
  private final Execution execution;
  private final View outside;
  private final List<Finding> findings = new ArrayList<>();
  private long found;
  private long since;

  Search(Committer committer, KeyValueStore store, Execution execution) {
    this.committer = committer;
    this.store = store;
    this.execution = execution;
    outside = View.of(store);
    since = execution.nanoTime();
  }

  /** One rule about one thing: what is wrong with it, or null. */
  @FunctionalInterface
  interface Rule {
    @Nullable Finding check(View view) throws IOException;
  }

  /** What is done with an entry. */
  @FunctionalInterface
  interface Visitor {
    void visit(Entry entry) throws IOException, FileSystemException, InterruptedException;
  }

  View outside() {
    return outside;
  }

  /** Applies a rule. */
  void apply(Rule rule) throws IOException, FileSystemException {
    if (rule.check(outside) != null) {
      var confirmed = committer.<@Nullable Finding>commit(tx -> rule.check(View.of(tx)));
      if (confirmed != null) {
        add(confirmed);
      }
    }
  }

  void add(Finding finding) {
    found++;
    if (findings.size() < FINDINGS_MAX) {
      findings.add(finding);
    }
  }

  /** Visits all entries of a family that begin with a prefix. */
  void each(Family family, byte[] prefix, Visitor visitor)
      throws IOException, FileSystemException, InterruptedException {
    var from = prefix;
    var to = Keys.endOfPrefix(prefix);
    while (true) {
      var page = store.scan(family, from, to, PAGE);
      for (var entry : page) {
        visitor.visit(entry);
      }
      if (page.size() < PAGE) {
        return;
      }
      from = Keys.after(page.getLast().key());
      rest();
    }
  }

  /** Rests for as long as was worked since the last rest, so that others come first. */
  void rest() throws InterruptedException {
    var worked = execution.nanoTime() - since;
    if (worked > 0) {
      execution.sleep(Duration.ofNanos(Math.min(worked, REST_MAX.toNanos())));
    }
    since = execution.nanoTime();
  }

  long found() {
    return found;
  }

  List<Finding> findings() {
    return findings;
  }
}
