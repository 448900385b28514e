package io.bucketfs.core.content;

import io.bucketfs.core.content.References.Liveness;
import io.bucketfs.core.content.References.Mapping;
import io.bucketfs.core.content.References.Reference;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what stays of an extent file that goes to another one. A record that several files share
 * is written once more, not once for each.
 */
final class Relocation {
  private static final Logger LOG = LoggerFactory.getLogger(Relocation.class);

  private final ExtentStore extents;
  private final Committer committer;
  private final ContentTable table;
  private final LogFloor floor;
  private final LogFloor fillFloor;
  private final Uses uses;

  Relocation(
      ExtentStore extents,
      Committer committer,
      ContentTable table,
      LogFloor floor,
      LogFloor fillFloor,
      Uses uses) {
    this.extents = extents;
    this.committer = committer;
    this.table = table;
    this.floor = floor;
    this.fillFloor = fillFloor;
    this.uses = uses;
  }

  /** The part of a record that extents need. */
  private record Part(ExtentRecord record, int from, int to) {
    static Part of(List<Mapping> shared) {
      var from = Integer.MAX_VALUE;
      var to = 0;
      for (var kept : shared) {
        from = Math.min(from, kept.extent().skip());
        to = Math.max(to, kept.extent().skip() + (int) kept.extent().length());
      }
      return new Part(shared.getFirst().extent().requireRecord(), from, to);
    }

    boolean holds(Extent extent) {
      return record.equals(extent.record())
          && extent.skip() >= from
          && extent.skip() + extent.length() <= to;
    }

    /** Where an extent is in a copy of the part. */
    Extent at(Extent extent, ExtentRecord copy, long sequence) {
      return new Extent(extent.offset(), extent.length(), sequence, copy, extent.skip() - from);
    }
  }

  /** Appends a part of a record to a stream again. The header names one of those who map it. */
  private ExtentRecord copy(ExtentStore.Stream stream, Mapping first, Part part, long sequence)
      throws IOException {
    var data = extents.readOnce(part.record, part.from, part.to - part.from);
    try {
      var reference = first.reference();
      var copy =
          extents.append(
              stream,
              reference.inode().mount(),
              reference.inode().number(),
              reference.content(),
              sequence,
              Math.max(0, first.extent().offset() - (first.extent().skip() - part.from)),
              data);
      uses.copied(part.record, part.from, copy);
      return copy;
    } finally {
      data.release();
    }
  }

  /**
   * Appends clean bytes of a record to the fills and maps them there; they need not be durable.
   *
   * @return how many bytes were appended
   */
  int copyToFills(List<Mapping> shared) throws FileSystemException {
    var part = Part.of(shared);
    var mark = fillFloor.mark();
    try {
      var copy = copy(ExtentStore.Stream.FILL, shared.getFirst(), part, 0);
      committer.commit(tx -> {
        for (var kept : shared) {
          var from = References.mapped(tx, part.record.file(), kept.reference());
          if (from != null
              && part.holds(from)
              && References.liveness(tx, kept.reference(), from) == Liveness.CLEAN) {
            replace(tx, kept.reference(), from, part.at(from, copy, 0));
          }
        }
        return null;
      });
      return copy.length();
    } catch (IOException e) {
      LOG.debug("What was to be kept cannot be read and is dropped", e);
      return 0;
    } finally {
      mark.release();
    }
  }

  /**
   * Appends what is dirty of a record to the write log again, and maps it there for all who share
   * it. The copy is not replayed, as it is no newer than the metadata of whom its header names.
   */
  void move(List<Mapping> shared) throws IOException, FileSystemException {
    var part = Part.of(shared);
    var mark = floor.mark();
    try {
      var first = shared.getFirst();
      var copy = copy(ExtentStore.Stream.WRITE, first, part, first.extent().sequence());
      extents.sync(List.of(copy));
      while (!committer.commit(tx -> remap(tx, part, copy))) {
        // Each turn maps some of them.
      }
    } finally {
      mark.release();
    }
  }

  /**
   * Maps extents of a record in its copy; returns whether there were no more than one turn takes.
   */
  private boolean remap(Tx tx, Part part, ExtentRecord copy) throws IOException {
    var references = References.of(tx, part.record);
    var changed = false;
    for (var reference : references) {
      var from = References.mapped(tx, part.record.file(), reference);
      if (from != null
          && part.holds(from)
          && References.liveness(tx, reference, from) == Liveness.DIRTY) {
        replace(tx, reference, from, part.at(from, copy, from.sequence()));
        changed = true;
      }
    }
    return !changed || references.size() < References.A_TRANSACTION;
  }

  private void replace(Tx tx, Reference reference, Extent from, Extent to) throws IOException {
    tx.deleteExtent(reference.inode().mount(), reference.content(), from);
    tx.putExtent(reference.inode(), reference.content(), to);
    tx.afterCommit(() -> {
      var present = table.present(reference.inode());
      if (present != null) {
        present.moved(reference.content(), from, to);
      }
    });
  }
}
