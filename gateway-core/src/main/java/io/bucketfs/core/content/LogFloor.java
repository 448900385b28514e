package io.bucketfs.core.content;

import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.ExtentStore.Tail;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.RecordWriter;
import io.bucketfs.core.store.Tx;
import java.io.IOException;
import java.util.Comparator;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicLong;

/**
 * From where on one stream may hold records that no metadata reflects. Files from there on are not
 * deleted, and after a crash of the process the write log is replayed from there. A mark is set
 * before its record is appended and released after the record is committed, so the least mark is
 * never behind a record that is needed.
 */
final class LogFloor {
  private static final byte[] KEY = Keys.text(0, "log-floor");

  private final ExtentStore extents;
  private final ExtentStore.Stream stream;
  private final AtomicLong numbers = new AtomicLong();
  private final ConcurrentSkipListSet<Mark> marks =
      new ConcurrentSkipListSet<>(
          Comparator.comparing(Mark::tail).thenComparingLong(mark -> mark.number));

  LogFloor(ExtentStore extents, ExtentStore.Stream stream) {
    this.extents = extents;
    this.stream = stream;
  }

  /** A place in the log that must be kept. */
  final class Mark {
    private final Tail tail;
    private final long number;

    private Mark(Tail tail, long number) {
      this.tail = tail;
      this.number = number;
    }

    Tail tail() {
      return tail;
    }

    /** Ends the mark; more than once does no harm. */
    void release() {
      marks.remove(this);
    }
  }

  /** Keeps everything that is appended from now on. */
  Mark mark() {
    var mark = new Mark(extents.tail(stream), numbers.incrementAndGet());
    marks.add(mark);
    return mark;
  }

  /** Where a replay has to start. */
  Tail floor() {
    // The end is read first: what is appended after it sets its mark before that.
    var end = extents.tail(stream);
    var first = marks.ceiling(new Mark(new Tail(0, 0), 0));
    return first == null || first.tail.compareTo(end) > 0 ? end : first.tail;
  }

  /** Notes in a transaction where a replay would have to start. */
  void persist(Tx tx) {
    var floor = floor();
    tx.put(
        Family.GATEWAY,
        KEY,
        new RecordWriter(16).i64(floor.file()).i64(floor.position()).toBytes());
  }

  /** Where a replay has to start, as it was noted last. */
  static Tail stored(KeyValueStore store) throws IOException {
    var value = store.get(Family.GATEWAY, KEY);
    if (value == null) {
      return new Tail(0, 0);
    }
    var reader = new RecordReader(value);
    return new Tail(reader.i64(), reader.i64());
  }
}
