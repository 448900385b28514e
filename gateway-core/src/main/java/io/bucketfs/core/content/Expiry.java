package io.bucketfs.core.content;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drops what S3 has too and nobody used for as many days as its mount says, by the days that {@link
 * LastReads} keeps. Metadata stay. What is pinned stays too.
 */
final class Expiry {
  private static final Logger LOG = LoggerFactory.getLogger(Expiry.class);
  private static final Duration FIRST = Duration.ofMinutes(10);
  private static final Duration EVERY = Duration.ofHours(1);
  private static final int PAGE = 512;

  private final Committer committer;
  private final MetadataCache cache;
  private final MountTable mounts;
  private final LocalCopies copies;
  private final LastReads lastReads;
  private final Execution execution;
  private final Meters.Counter expiredBytes;
  private volatile boolean stopped;

  /** Once is enough. Only the task of this class uses it. */
  private boolean saidUnreadable;

  Expiry(
      Committer committer,
      MetadataCache cache,
      MountTable mounts,
      LocalCopies copies,
      LastReads lastReads,
      Execution execution,
      Meters meters) {
    this.committer = committer;
    this.cache = cache;
    this.mounts = mounts;
    this.copies = copies;
    this.lastReads = lastReads;
    this.execution = execution;
    expiredBytes = meters.counter("cache_expired_bytes");
  }

  void start() throws IOException, FileSystemException {
    if (cache.store().scan(Family.REFERENCES, new byte[0], null, 1).isEmpty()) {
      complete();
    }
    execution.schedule(FIRST, "expiry", this::pass);
  }

  void stop() {
    stopped = true;
  }

  private void pass() {
    if (stopped) {
      return;
    }
    try {
      complete();
      lastReads.store();
      for (var mount : mounts.all()) {
        var days = mount.mount().policy().retention().expiryDays();
        expire(mount.mount().number(), lastReads.today() - days);
      }
    } catch (FileSystemException | IOException e) {
      LOG.warn("What was not read for long is not dropped yet: {}", e.getMessage());
    }
    execution.schedule(EVERY, "expiry", this::pass);
  }

  /** Drops what was used last before a day. */
  private void expire(int mount, int before) throws IOException, FileSystemException {
    var from = Keys.mount(mount);
    var to = Keys.endOfPrefix(from);
    var dropped = 0L;
    while (!stopped) {
      var page = cache.store().scan(Family.READS, from, to, PAGE);
      for (var entry : page) {
        var day = LastReads.dayOf(entry.value());
        if (day == LastReads.NO_DAY || !InodeKey.isEntry(entry.key())) {
          unreadable(mount);
        } else if (day < before) {
          dropped += expire(InodeKey.ofEntry(entry.key()), before);
        }
      }
      if (page.size() < PAGE) {
        break;
      }
      from = Keys.after(page.getLast().key());
    }
    if (dropped > 0) {
      copies.deleteDead();
    }
  }

  private long expire(InodeKey key, int before) throws IOException, FileSystemException {
    if (copies.pins().holds(key)) {
      return 0;
    }
    var dropped = copies.drop(key, before).bytes();
    expiredBytes.add(dropped);
    return dropped;
  }

  private void unreadable(int mount) {
    if (!saidUnreadable) {
      saidUnreadable = true;
      LOG.warn(
          "Days of last uses cannot be read, in mount {} first; such files do not expire, and"
              + " bucketfs check lists them: read them once",
          mount);
    }
  }

  /** Gives files a day that an earlier version of this program left without: today. */
  private void complete() throws IOException, FileSystemException {
    if (cache.store().get(Family.GATEWAY, Keys.lastReadsComplete()) != null) {
      return;
    }
    var from = new byte[0];
    while (!stopped) {
      var page = cache.store().scan(Family.REFERENCES, from, null, PAGE);
      var files = new HashSet<InodeKey>();
      for (var entry : page) {
        var key = new RecordReader(entry.key());
        key.i64();
        key.i64();
        files.add(new InodeKey(key.i32(), new RecordReader(entry.value()).i64()));
      }
      var isLast = page.size() < PAGE;
      committer.apply(tx -> {
        for (var file : files) {
          if (tx.get(Family.READS, Keys.inode(file.mount(), file.number())) == null) {
            lastReads.put(tx, file);
          }
        }
        if (isLast) {
          tx.put(Family.GATEWAY, Keys.lastReadsComplete(), new byte[0]);
        }
        return true;
      });
      if (isLast) {
        return;
      }
      from = Keys.after(page.getLast().key());
    }
  }
}
