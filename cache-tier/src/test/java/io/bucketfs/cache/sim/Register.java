package io.bucketfs.cache.sim;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Predicate;

/**
 * What one place may hold to which several clients write at once, each change being seen by all
 * from some moment between its begin and its end on.
 *
 * <p>A change and the reads that saw it are a group. One group comes before another if anything of
 * it ended before anything of the other began. What was read can be explained as long as no two
 * groups come before each other (Gibbons and Korach, Testing Shared Memories, 1997). A read that
 * more than one group explains joins none, so that nothing is ever refused that is allowed.
 *
 * @param <V> what a change leaves
 */
final class Register<V> {

  /** A change, and when it was seen. */
  private static final class Version<V> {
    private final Change change;
    private final V value;

    /** When the first read of it ended. */
    private long readEnd = Change.NOT_YET;

    /** When the last read of it began. */
    private long readBegin;

    Version(Change change, V value) {
      this.change = change;
      this.value = value;
    }

    private Version(Version<V> from) {
      this(from.change, from.value);
      readEnd = from.readEnd;
      readBegin = from.readBegin;
    }

    long firstEnd() {
      return Math.min(change.end(), readEnd);
    }

    long lastBegin() {
      return Math.max(change.begin(), readBegin);
    }

    boolean isBefore(Version<V> other) {
      return !change.equals(other.change) && firstEnd() < other.lastBegin();
    }
  }

  private final List<Version<V>> versions = new ArrayList<>();

  Register<V> copy() {
    var copy = new Register<V>();
    versions.forEach(version -> copy.versions.add(new Version<>(version)));
    return copy;
  }

  void add(Change change, V value) {
    versions.add(new Version<>(change, value));
  }

  /** What changes leave of which the start may be seen before the rest. */
  List<V> inParts() {
    return versions.stream()
        .filter(version -> version.change.isInParts())
        .map(version -> version.value)
        .toList();
  }

  /** Notes what a read saw; false where it cannot have seen that. */
  boolean read(Predicate<V> seen, long begin, long end) {
    Version<V> only = null;
    for (var version : versions.reversed()) {
      if (version.change.begin() < end && seen.test(version.value) && fits(version, begin, end)) {
        if (only != null) {
          return true;
        }
        only = version;
      }
    }
    if (only == null) {
      return false;
    }
    only.readEnd = Math.min(only.readEnd, end);
    only.readBegin = Math.max(only.readBegin, begin);
    return true;
  }

  private boolean fits(Version<V> version, long begin, long end) {
    var first = Math.min(version.firstEnd(), end);
    var last = Math.max(version.lastBegin(), begin);
    for (var other : versions) {
      if (first < other.lastBegin()
          && other.firstEnd() < last
          && !other.change.equals(version.change)) {
        return false;
      }
    }
    return true;
  }

  /** Whether this may be left where only what is durable is there for sure. */
  boolean mayRemain(Predicate<V> seen) {
    return versions.stream()
        .anyMatch(version ->
            seen.test(version.value)
                && versions.stream()
                    .noneMatch(other -> other.change.isDurable() && version.isBefore(other)));
  }

  /** At which times this may have been there. */
  BitSet times(Predicate<V> seen, long now) {
    var times = new BitSet();
    for (var version : versions) {
      if (!seen.test(version.value)) {
        continue;
      }
      var from = version.change.begin();
      var to = now;
      for (var other : versions) {
        if (other.isBefore(version)) {
          from = Math.max(from, other.lastBegin());
        }
        if (version.isBefore(other)) {
          to = Math.min(to, other.firstEnd());
        }
      }
      if (from <= to) {
        times.set((int) from, (int) to + 1);
      }
    }
    return times;
  }

  /** All changes, in a line each, those marked that left what was seen. */
  String describe(Predicate<V> seen) {
    var text = new StringBuilder();
    for (var version : versions) {
      text.append(seen.test(version.value) ? "\n* " : "\n  ")
          .append(version.value)
          .append(' ')
          .append(version.change)
          .append(", last read began ")
          .append(version.readBegin);
      if (version.readEnd != Change.NOT_YET) {
        text.append(", first read ended ").append(version.readEnd);
      }
    }
    return text.toString();
  }
}
