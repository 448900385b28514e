package io.bucketfs.cache.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a file may hold that several clients change at once, from one crash to the next.
 *
 * <p>It is as long as can be, of zeroes behind its end, and is cut into places that all changes so
 * far treat alike. Of each place there are two things to know: its bytes, and whether it is in the
 * file. Each of them is a {@link Register}.
 */
final class SharedLife {
  /** How many copies of copies are followed; what comes from further may be anything. */
  private static final int COPIES_MAX = 3;

  private final AtomicLong clock;
  private final TreeMap<Integer, Place> places = new TreeMap<>();
  private final List<Change> changes = new ArrayList<>();

  private record Place(Register<Source> bytes, Register<Boolean> presence) {
    private Place copy() {
      return new Place(bytes.copy(), presence.copy());
    }
  }

  /** Bytes that were seen from an offset on. */
  record Seen(int offset, byte[] bytes) {
    private boolean matches(int from, int to, byte[] others, int at) {
      return Arrays.equals(bytes, from - offset, to - offset, others, at, at + to - from);
    }

    private Seen shifted(int by) {
      return new Seen(offset + by, bytes);
    }
  }

  /** Where bytes are from. */
  private sealed interface Source {
    record Zeroes() implements Source {}

    record Written(int offset, byte[] data) implements Source {
      @Override
      public String toString() {
        return "written at " + offset + "+" + data.length;
      }
    }

    record Copied(SharedLife from, int shift, Change change) implements Source {
      @Override
      public String toString() {
        return "copied, shift " + shift;
      }
    }
  }

  /**
   * @param clock counts all that begins or ends
   */
  SharedLife(AtomicLong clock, byte[] bytes) {
    this.clock = clock;
    var past = new Change(now(), false);
    past.endAt(past.begin());
    past.makeDurable();
    var behind = new Place(new Register<>(), new Register<>());
    behind.bytes.add(past, new Source.Zeroes());
    behind.presence.add(past, false);
    places.put(bytes.length, behind);
    if (bytes.length > 0) {
      var there = new Place(new Register<>(), new Register<>());
      there.bytes.add(past, new Source.Written(0, bytes));
      there.presence.add(past, true);
      places.put(0, there);
    }
  }

  long now() {
    return clock.incrementAndGet();
  }

  private Change begin() {
    return begin(false);
  }

  private Change begin(boolean inParts) {
    var change = new Change(now(), inParts);
    changes.add(change);
    return change;
  }

  private Iterable<Place> places(int from, int to) {
    split(from);
    split(to);
    return places.subMap(from, to).values();
  }

  private void split(int at) {
    if (!places.containsKey(at)) {
      places.put(at, Objects.requireNonNull(places.floorEntry(at)).getValue().copy());
    }
  }

  /**
   * New bytes.
   *
   * @param inParts whether the start of it may be seen before the rest
   */
  Change write(int offset, byte[] data, boolean inParts) {
    return put(begin(inParts), offset, data.length, new Source.Written(offset, data));
  }

  /**
   * A clone or copy that another file, or another part of this one, is the source of.
   *
   * @param inParts whether the start of it may be seen before the rest
   */
  Change copy(SharedLife from, int fromOffset, int offset, int length, boolean inParts) {
    var change = begin(inParts);
    return put(change, offset, length, new Source.Copied(from, fromOffset - offset, change));
  }

  private Change put(Change change, int offset, int length, Source source) {
    places(offset, offset + length).forEach(place -> place.bytes.add(change, source));
    places(0, offset + length).forEach(place -> place.presence.add(change, true));
    return change;
  }

  Change truncate(int size) {
    var change = begin();
    for (var place : places(size, Integer.MAX_VALUE)) {
      place.bytes.add(change, new Source.Zeroes());
      place.presence.add(change, false);
    }
    places(0, size).forEach(place -> place.presence.add(change, true));
    return change;
  }

  Change punch(int from, int to) {
    var change = begin();
    places(from, to).forEach(place -> place.bytes.add(change, new Source.Zeroes()));
    return change;
  }

  /** Notes that all is durable that was answered before something began. */
  void synced(long begin) {
    changes.stream().filter(change -> change.end() < begin).forEach(Change::makeDurable);
  }

  /** Notes bytes that were read; what cannot be explained of it, or null. */
  @Nullable String read(Seen seen, long begin, long end) {
    var to = seen.offset + seen.bytes.length;
    split(seen.offset);
    split(to);
    splitWherePartsEnd(seen);
    for (var entry : places.subMap(seen.offset, to).entrySet()) {
      int at = entry.getKey();
      var bytes = entry.getValue().bytes;
      if (!bytes.read(source -> is(source, seen, at, stop(at), 0), begin, end)) {
        return explain(at, bytes, source -> is(source, seen, at, stop(at), 0));
      }
    }
    return null;
  }

  /** Notes that a range was in the file, or was not; what is wrong with that, or null. */
  @Nullable String seen(int from, int to, boolean there, long begin, long end) {
    split(from);
    split(to);
    for (var entry : places.subMap(from, to).entrySet()) {
      var presence = entry.getValue().presence;
      if (!presence.read(present -> present == there, begin, end)) {
        return explain(entry.getKey(), presence, present -> present == there);
      }
    }
    return null;
  }

  /** What may not be there after a crash that may have taken all that is not durable, or null. */
  @Nullable String cannotRemain(byte[] bytes) {
    split(bytes.length);
    var seen = new Seen(0, bytes);
    splitWherePartsEnd(seen);
    for (var entry : places.entrySet()) {
      int at = entry.getKey();
      var there = at < bytes.length;
      var place = entry.getValue();
      if (!place.presence.mayRemain(present -> present == there)) {
        return explain(at, place.presence, present -> present == there);
      }
      if (there && !place.bytes.mayRemain(source -> is(source, seen, at, stop(at), 0))) {
        return explain(at, place.bytes, source -> is(source, seen, at, stop(at), 0));
      }
    }
    return null;
  }

  /** Whether the file may ever have been this as a whole. */
  boolean mayHaveBeen(byte[] bytes) {
    split(bytes.length);
    var seen = new Seen(0, bytes);
    splitWherePartsEnd(seen);
    var now = clock.get();
    var times = new BitSet();
    times.set(0, (int) now + 1);
    for (var entry : places.entrySet()) {
      int at = entry.getKey();
      var there = at < bytes.length;
      var place = entry.getValue();
      times.and(place.presence.times(present -> present == there, now));
      if (there) {
        times.and(place.bytes.times(source -> is(source, seen, at, stop(at), 0), now));
      }
      if (times.isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /** Splits each place of which only a start was seen of what comes in parts. */
  private void splitWherePartsEnd(Seen seen) {
    var ends = new ArrayList<Integer>();
    for (var entry : places.subMap(seen.offset, seen.offset + seen.bytes.length).entrySet()) {
      int at = entry.getKey();
      for (var source : entry.getValue().bytes.inParts()) {
        ends.add(lastMatch(source, seen, at, stop(at)));
      }
    }
    ends.forEach(this::split);
  }

  /** Up to where what was seen is from there. */
  private static int lastMatch(Source source, Seen seen, int from, int to) {
    if (is(source, seen, from, to, 0)) {
      return to;
    }
    var match = from;
    var none = to;
    while (none - match > 1) {
      var middle = (match + none) >>> 1;
      if (is(source, seen, from, middle, 0)) {
        match = middle;
      } else {
        none = middle;
      }
    }
    return match;
  }

  private <V> String explain(int at, Register<V> register, Predicate<V> seen) {
    return "from %s to %s: %s".formatted(at, stop(at), register.describe(seen));
  }

  private int stop(int at) {
    var next = places.higherKey(at);
    return next == null ? Integer.MAX_VALUE : next;
  }

  private static boolean is(Source source, Seen seen, int from, int to, int copies) {
    return switch (source) {
      case Source.Zeroes _ -> seen.matches(from, to, new byte[to - from], 0);
      case Source.Written(var offset, var data) -> seen.matches(from, to, data, from - offset);
      case Source.Copied(var life, var shift, var change) ->
          copies >= COPIES_MAX
              || life.mayHaveHeld(
                  seen.shifted(shift), from + shift, to + shift, change, copies + 1);
    };
  }

  /** Whether a change may have found this in a range when it looked. */
  private boolean mayHaveHeld(Seen seen, int from, int to, Change change, int copies) {
    var looked = new BitSet();
    looked.set((int) change.begin(), (int) Math.min(change.end(), clock.get()) + 1);
    for (var at = places.floorKey(from); at != null && at < to; at = places.higherKey(at)) {
      var first = Math.max(at, from);
      var stop = Math.min(stop(at), to);
      var place = places.get(at);
      if (place != null
          && !place
              .bytes
              .times(source -> is(source, seen, first, stop, copies), clock.get())
              .intersects(looked)) {
        return false;
      }
    }
    return true;
  }
}
