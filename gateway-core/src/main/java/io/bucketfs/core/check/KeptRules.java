package io.bucketfs.core.check;

import io.bucketfs.core.check.Finding.Kind;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.Pin;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.time.Duration;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * What must hold of what says how long local copies stay: pins, and days of last uses. That no file
 * with bytes lacks such a day is looked at with its bytes.
 */
final class KeptRules {
  private static final int DAY_BYTES = 4;

  /** A clock may have been wrong for some time, but not by more than this. */
  private static final Duration AHEAD_MAX = Duration.ofDays(366);

  private final Search search;
  private final ActiveMount mount;
  private final int number;
  private final Execution execution;

  KeptRules(Search search, ActiveMount mount, Execution execution) {
    this.search = search;
    this.mount = mount;
    this.execution = execution;
    number = mount.mount().number();
  }

  void run() throws IOException, FileSystemException, InterruptedException {
    search.each(
        Family.PINS, Keys.mount(number), entry -> search.apply(view -> pin(view, entry.key())));
    search.each(
        Family.READS, Keys.mount(number), entry -> search.apply(view -> day(view, entry.key())));
  }

  private @Nullable Finding pin(View view, byte[] key) throws IOException {
    var value = view.get(Family.PINS, key);
    if (value == null) {
      return null;
    }
    if (!InodeKey.isEntry(key)) {
      return wrong(Kind.PIN, key, "is pinned, and is no inode: nothing is kept by it");
    }
    try {
      Pin.decode(value);
      return null;
    } catch (IllegalArgumentException e) {
      return wrong(Kind.PIN, key, "is kept, but its pin cannot be read: " + e.getMessage());
    }
  }

  private @Nullable Finding day(View view, byte[] key) throws IOException {
    var value = view.get(Family.READS, key);
    if (value == null) {
      return null;
    }
    if (!InodeKey.isEntry(key)) {
      return wrong(Kind.LAST_USE, key, "was used last some day, and is no inode");
    }
    if (value.length != DAY_BYTES) {
      return wrong(Kind.LAST_USE, key, "has a last use that is no day, and does not expire");
    }
    var latest = execution.now().plus(AHEAD_MAX).getEpochSecond() / Duration.ofDays(1).toSeconds();
    if (new RecordReader(value).i32() > latest) {
      return wrong(Kind.LAST_USE, key, "was used last in the far future, and does not expire");
    }
    return view.inode(InodeKey.ofEntry(key)) == null
        ? wrong(Kind.LAST_USE, key, "is gone, and the day of its last use is still kept")
        : null;
  }

  private Finding wrong(Kind kind, byte[] key, String detail) {
    var subject =
        InodeKey.isEntry(key)
            ? "inode " + InodeKey.ofEntry(key).number()
            : "key " + HexFormat.of().formatHex(key);
    return new Finding(kind, mount.mount().name(), subject, detail);
  }
}
