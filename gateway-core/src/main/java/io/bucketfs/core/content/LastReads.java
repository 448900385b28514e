package io.bucketfs.core.content;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.RecordWriter;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileSystemException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * On which day somebody last used what is on the local disk of a file. Who puts bytes there notes
 * the day in the same transaction, so that every file with bytes has a record, whatever happens.
 * Reads are noted in memory, for each file once a day, and stored together from time to time,
 * without a sync: a crash makes some files look unread since the day before.
 */
final class LastReads {
  private static final Logger LOG = LoggerFactory.getLogger(LastReads.class);

  /** Of a record that cannot be read. It is after every day, so that the file does not expire. */
  static final int NO_DAY = Integer.MAX_VALUE;

  private static final Duration TICK = Duration.ofMinutes(1);
  private static final int TICKS_A_STORE = 10;
  private static final int NOTED_MAX = 100_000;
  private static final int RECORDS_A_TRANSACTION = 1_024;

  private final Committer committer;
  private final Execution execution;

  /** Files that were read since the last time this was stored, and when. */
  private final Map<InodeKey, Integer> noted = new ConcurrentHashMap<>();

  private volatile int today;
  private volatile boolean stopped;

  LastReads(Committer committer, Execution execution) {
    this.committer = committer;
    this.execution = execution;
    today = day();
  }

  private int day() {
    return Math.toIntExact(execution.now().getEpochSecond() / Duration.ofDays(1).toSeconds());
  }

  /** The day that it is, counted from the epoch. */
  int today() {
    return today;
  }

  void start() {
    execution.schedule(TICK, "last-reads", () -> tick(1));
  }

  private void tick(int count) {
    if (stopped) {
      return;
    }
    today = day();
    if (count >= TICKS_A_STORE || noted.size() >= NOTED_MAX) {
      try {
        store();
      } catch (FileSystemException e) {
        LOG.warn("When files were last read is not stored: {}", e.getMessage());
      }
    }
    execution.schedule(TICK, "last-reads", () -> tick(count >= TICKS_A_STORE ? 1 : count + 1));
  }

  /** Stores what was noted, and notes nothing by itself any more. */
  void stop() throws FileSystemException {
    stopped = true;
    store();
  }

  /** Notes that somebody reads a file. Never waits. */
  void note(FileContent file) {
    var day = today;
    if (file.readDay != day && noted.size() < NOTED_MAX) {
      file.readDay = day;
      noted.put(file.key, day);
    }
  }

  /** Notes that a transaction gives a file bytes. */
  void put(Tx tx, FileContent file) {
    var day = today;
    if (file.storedDay != day) {
      put(tx, file.key, day);
      tx.afterCommit(() -> file.storedDay = day);
    }
  }

  /** As {@link #put(Tx, FileContent)}. */
  void put(Tx tx, InodeKey file) {
    put(tx, file, today);
  }

  private static void put(Tx tx, InodeKey file, int day) {
    tx.put(
        Family.READS,
        Keys.inode(file.mount(), file.number()),
        new RecordWriter(4).i32(day).toBytes());
  }

  /** Forgets a file that has no bytes here any more. */
  static void forget(Tx tx, InodeKey file) {
    tx.delete(Family.READS, Keys.inode(file.mount(), file.number()));
  }

  /** The day of a stored record; {@link #NO_DAY} where that is damaged. */
  static int dayOf(byte[] value) {
    return value.length == Integer.BYTES ? new RecordReader(value).i32() : NO_DAY;
  }

  /** The last day that is known of a file by what is in memory; 0 for none. */
  int notedDay(InodeKey file) {
    return noted.getOrDefault(file, 0);
  }

  /** Stores what was noted. */
  void store() throws FileSystemException {
    while (!noted.isEmpty()) {
      var some = noted.entrySet().stream().limit(RECORDS_A_TRANSACTION).toList();
      committer.apply(tx -> {
        for (var read : some) {
          var file = read.getKey();
          // What was removed, or dropped since, needs none.
          if (tx.get(Family.READS, Keys.inode(file.mount(), file.number())) != null) {
            put(tx, file, read.getValue());
          }
        }
        return true;
      });
      some.forEach(read -> noted.remove(read.getKey(), read.getValue()));
    }
  }
}
