package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileSystemStatistics;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.attr.Described;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.export.Published;
import io.bucketfs.nfs.status.NfsException;
import org.jspecify.annotations.Nullable;

/** Gathers what the attributes of an object are made of. */
final class Describe {
  /** The pseudo-root's fsid; those of mounts have a minor of 0. */
  private static final long PSEUDO_FSID_MINOR = 1;

  private static final long PSEUDO_FSID_MAJOR = 0x6275636b657466L;
  private static final long PSEUDO_FILE_ID = 1;

  /** The pseudo-root's nodes have the numbers after its own, by position. */
  private static final long PSEUDO_NODES_FROM = 2;

  private Describe() {}

  /** The current object with what the mask needs. */
  static Described current(Compound c, AttributeMask mask)
      throws NfsException, FileSystemException {
    return switch (c.current()) {
      case Handle.PseudoRoot _ -> pseudoRoot(c);
      case Handle.Node(var id, _) -> {
        var export = c.grant().export();
        if (mask.has(Attribute.MOUNTED_ON_FILEID)) {
          var _ = Roots.find(c, export);
        }
        var statistics =
            Attribute.needsStatistics(mask) ? c.fileSystem().statistics(id, c.patience()) : null;
        yield node(export, c.attributes(id), statistics);
      }
    };
  }

  /** An object that was reached through an export. */
  static Described node(
      Published export, Attributes attributes, @Nullable FileSystemStatistics statistics) {
    var id = attributes.id();
    return new Described(
        new Handle.Node(id, export.via()),
        attributes,
        export.fileSystemId(),
        0,
        id.inode(),
        id.equals(export.root()) ? PSEUDO_NODES_FROM + export.position() : id.inode(),
        statistics);
  }

  /** What a name stands for, as far as a name tells: nothing else of it may be asked. */
  static Described name(Published export, FileId id) {
    var nothing = new Attributes(id, FileType.FILE, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    return node(export, nothing, null);
  }

  static Described pseudoRoot(Compound c) {
    return new Described(
        Handle.PSEUDO_ROOT,
        pseudoRootAttributes(c),
        PSEUDO_FSID_MAJOR,
        PSEUDO_FSID_MINOR,
        PSEUDO_FILE_ID,
        PSEUDO_FILE_ID,
        null);
  }

  static Attributes pseudoRootAttributes(Compound c) {
    var exports = c.services().exports();
    var started = c.services().startedNanos();
    return new Attributes(
        FileId.root(Integer.MAX_VALUE),
        FileType.DIRECTORY,
        0555,
        2 + exports.visibleTo(c.peer().clientAddress()).size(),
        0,
        0,
        4096,
        0,
        exports.change(),
        started,
        started,
        started,
        0,
        0);
  }
}
