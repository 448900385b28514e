package io.bucketfs.core.store;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Counts the inodes of a mount while it is in use, in small transactions, and puts the counters
 * right where they are not. A later count of the same mount ends an earlier one.
 */
public final class UsageCount {
  private static final int PAGE = 1_000;

  private final Committer committer;
  private final int mount;
  private int count;

  public UsageCount(Committer committer, int mount) {
    this.committer = committer;
    this.mount = mount;
  }

  /**
   * Runs the count.
   *
   * @param between called after every page, to go easy on others
   * @return what was found, or null where the mount is gone, or counted by somebody else
   */
  public UsageTable.@Nullable Comparison run(Pause between)
      throws FileSystemException, InterruptedException {
    count = committer.commit(_ -> committer.usages().beginCount(mount));
    var from = 0L;
    while (true) {
      var begin = from;
      var next = committer.commit(tx -> page(tx, begin));
      if (next < 0) {
        return committer.commit(this::end);
      }
      from = next;
      between.pause(PAGE);
    }
  }

  /** What is done between pages. */
  @FunctionalInterface
  public interface Pause {
    /**
     * @param records how many were read since the last call
     */
    void pause(int records) throws InterruptedException;
  }

  /** Counts a page above a number; returns its last number, or -1 for the last page. */
  private long page(Tx tx, long above) throws IOException {
    var page =
        tx.scan(
            Family.INODES, Keys.inode(mount, above + 1), Keys.endOfPrefix(Keys.mount(mount)), PAGE);
    var last = page.size() < PAGE;
    var sum = Usage.NONE;
    var number = above;
    for (var entry : page) {
      var reader = new RecordReader(entry.key());
      reader.i32();
      number = reader.i64();
      sum = sum.plus(Usage.of(tx.inodeOf(new InodeKey(mount, number), entry)));
    }
    if (last) {
      // Those of the batch that is on its way have the highest numbers.
      for (var inode : tx.unstoredInodes(mount, number)) {
        sum = sum.plus(Usage.of(inode));
      }
    }
    committer.usages().count(mount, count, sum, last ? Long.MAX_VALUE : number);
    return last ? -1 : number;
  }

  private UsageTable.@Nullable Comparison end(Tx tx) {
    var compared = committer.usages().endCount(mount, count);
    if (compared != null) {
      tx.put(Family.USAGE, Keys.mount(mount), compared.counted().encode());
    }
    return compared;
  }
}
