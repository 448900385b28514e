package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.attr.Described;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/**
 * READDIR (RFC 8881, 18.23). The reply is filled up to maxcount; dircount is only a hint, and Linux
 * sets both alike. Cookies stay good for ever, so the verifier is always 0.
 */
record ReadDir(long cookie, long verifier, int dirCount, int maxCount, AttributeMask asked)
    implements Operation {
  /** What of maxcount is not entries: verifier, end of the list, end of file. */
  private static final int FRAME_BYTES = 16;

  /** RFC 8881, 18.23.3: never the cookie of an entry. */
  private static final long COOKIES_FROM = 3;

  static ReadDir read(ByteBuf in) {
    return new ReadDir(
        Xdr.readLong(in),
        Xdr.readLong(in),
        Xdr.readInt(in),
        Xdr.readInt(in),
        AttributeMask.read(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    if (Attribute.asksWriteOnly(asked)) {
      throw new NfsException(NfsStatus.INVAL);
    }
    if (cookie != 0 && cookie > 0 && cookie < COOKIES_FROM) {
      throw new NfsException(NfsStatus.BAD_COOKIE);
    }
    var max = maxCount < 0 ? Integer.MAX_VALUE : maxCount;
    var limit = Math.min(max, c.room() - FRAME_BYTES) - FRAME_BYTES;
    if (limit < 0) {
      throw new NfsException(NfsStatus.TOOSMALL);
    }
    var out = c.out();
    out.writeLong(0);
    var start = out.writerIndex();
    var full = new boolean[1];
    var atEnd =
        switch (c.current()) {
          case Handle.PseudoRoot _ -> listPseudoRoot(c, start + limit, full);
          case Handle.Node(var id, _) -> listDirectory(c, id, start + limit, full);
        };
    if (full[0] && out.writerIndex() == start) {
      throw new NfsException(NfsStatus.TOOSMALL);
    }
    Xdr.writeBoolean(out, false);
    Xdr.writeBoolean(out, atEnd && !full[0]);
    return NfsStatus.OK;
  }

  private boolean listDirectory(Compound c, FileId directory, int end, boolean[] full)
      throws NfsException, FileSystemException {
    if (c.attributes(directory).type() != FileType.DIRECTORY) {
      throw new NfsException(NfsStatus.NOTDIR);
    }
    var export = c.grant().export();
    if (!Attribute.needsInode(asked, c.minorVersion())) {
      return c.fileSystem()
          .readNames(
              c.caller(directory),
              directory,
              cookie,
              (next, name, id) -> put(c, next, name, Describe.name(export, id), end, full),
              c.patience());
    }
    // Figures of the whole file system are the same for every entry.
    var statistics =
        Attribute.needsStatistics(asked)
            ? c.fileSystem().statistics(directory, c.patience())
            : null;
    return c.fileSystem()
        .readDirectory(
            c.caller(directory),
            directory,
            cookie,
            Attribute.needsMetadata(asked, c.minorVersion()),
            (next, name, attributes) ->
                put(c, next, name, Describe.node(export, attributes, statistics), end, full),
            c.patience());
  }

  /** Adds an entry; false where there is no room for it. */
  private boolean put(
      Compound c, long next, String name, Described object, int end, boolean[] full) {
    var at = begin(c.out(), next, name);
    c.services().attributes().write(c.out(), asked, object, c.minorVersion());
    return keep(c.out(), at, end, full);
  }

  private boolean listPseudoRoot(Compound c, int end, boolean[] full) {
    for (var grant : c.services().exports().visibleTo(c.peer().clientAddress())) {
      var export = grant.export();
      var next = COOKIES_FROM + export.position();
      if (next <= cookie) {
        continue;
      }
      var at = begin(c.out(), next, export.name());
      try {
        var known = export.root();
        var root =
            known == null
                ? Roots.attributes(c, export)
                : c.fileSystem().attributes(known, c.patience());
        var object = Describe.node(export, root, null);
        c.services().attributes().write(c.out(), asked, object, c.minorVersion());
      } catch (FileSystemException e) {
        if (export.via() != 0 && (e.error() == FsError.NOT_FOUND || e.error() == FsError.STALE)) {
          c.out().writerIndex(at);
          continue; // there is no such directory now
        }
        // One mount that is in trouble must not hide the others.
        var status = NfsStatus.of(e.error()).code();
        c.services().attributes().writeError(c.out(), asked, status);
      }
      if (!keep(c.out(), at, end, full)) {
        return false;
      }
    }
    return true;
  }

  private static int begin(ByteBuf out, long next, String name) {
    var at = out.writerIndex();
    Xdr.writeBoolean(out, true);
    out.writeLong(next);
    Xdr.writeString(out, name);
    return at;
  }

  private static boolean keep(ByteBuf out, int at, int end, boolean[] full) {
    if (out.writerIndex() <= end) {
      return true;
    }
    out.writerIndex(at);
    full[0] = true;
    return false;
  }
}
