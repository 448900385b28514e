package io.bucketfs.core.content;

import io.bucketfs.core.content.Uses.Worth;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.ExtentStore.FileInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * In which order extent files make way: those first whose bytes are worth least. Of files that are
 * worth about the same the oldest goes first where most of it was used once at most, and the newest
 * where it was used again: where a little more than the disk holds is read in turns, what stays is
 * used in every turn, whereas the oldest is what is needed next.
 *
 * <p>What was fetched just now is last: it may be for a reader that is about to come for it.
 */
final class Victims {
  /** Files whose worth differs by less than about this factor are worth the same. */
  private static final double SAME = 1.2;

  /** The part of the disk cap that was fetched just now. */
  private static final int NEW_SHARE = 32;

  private final Uses uses;

  Victims(Uses uses) {
    this.uses = uses;
  }

  /** A file and when its turn is. */
  private record Candidate(FileInfo file, boolean isNew, Worth worth) {
    long grade() {
      return Math.round(Math.log(worth.perByte()) / Math.log(SAME));
    }

    long turn() {
      return worth.isReused() ? -file.file() : file.file();
    }
  }

  /** Files in the order in which they make way, given in the order of their age. */
  List<FileInfo> inOrder(List<FileInfo> files, long bytesMax) {
    var candidates = new ArrayList<Candidate>(files.size());
    var fetched = 0L;
    for (var file : files.reversed()) {
      var isNew = file.stream() == ExtentStore.Stream.FILL && fetched < bytesMax / NEW_SHARE;
      if (isNew) {
        fetched += file.sizeBytes();
      }
      candidates.add(new Candidate(file, isNew, uses.worth(file.file(), file.sizeBytes())));
    }
    candidates.sort(
        Comparator.comparing(Candidate::isNew)
            .thenComparingLong(Candidate::grade)
            .thenComparing(candidate -> candidate.worth.isReused())
            .thenComparingLong(Candidate::turn));
    return candidates.stream().map(Candidate::file).toList();
  }
}
