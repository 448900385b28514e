package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * LISTXATTRS (RFC 8276, 8.4.3). A name's cookie is a digest of it, and names are listed in the
 * order of cookies, so that a listing goes on at the right place whatever was set or removed
 * meanwhile.
 */
record ListXattrs(long cookie, int bytesMax) implements Operation {
  /** Cookie, count and end. */
  private static final int FRAME_BYTES = 16;

  static ListXattrs read(ByteBuf in) {
    return new ListXattrs(Xdr.readLong(in), Xdr.readInt(in));
  }

  @Override
  public NfsStatus run(Compound c) throws NfsException, FileSystemException {
    var left = sorted(names(c)).tailMap(cookie, false);
    var asked = bytesMax < 0 ? Integer.MAX_VALUE : bytesMax;
    var room = Math.min(asked, c.room()) - FRAME_BYTES;
    if (room < 0) {
      throw new NfsException(NfsStatus.TOOSMALL);
    }
    var listed = new ArrayList<byte[]>();
    var last = cookie;
    for (var entry : left.entrySet()) {
      var name = entry.getValue();
      room -= 4 + name.length + Xdr.padding(name.length);
      if (room < 0) {
        break;
      }
      listed.add(name);
      last = entry.getKey();
    }
    if (listed.isEmpty() && !left.isEmpty()) {
      throw new NfsException(NfsStatus.TOOSMALL);
    }
    c.out().writeLong(last).writeInt(listed.size());
    listed.forEach(name -> Xdr.writeOpaque(c.out(), name));
    Xdr.writeBoolean(c.out(), listed.size() == left.size());
    return NfsStatus.OK;
  }

  private static List<String> names(Compound c) throws NfsException, FileSystemException {
    return switch (c.current()) {
      case Handle.PseudoRoot _ -> List.of();
      case Handle.Node(var file, _) ->
          c.fileSystem().xattrNames(c.caller(file), file, c.patience());
    };
  }

  private static NavigableMap<Long, byte[]> sorted(List<String> names) {
    var sorted = new TreeMap<Long, byte[]>();
    for (var name : names) {
      var bytes = name.getBytes(StandardCharsets.UTF_8);
      var at = digest(bytes);
      while (sorted.containsKey(at)) {
        at++;
      }
      sorted.put(at, bytes);
    }
    return sorted;
  }

  /** FNV-1a, positive: 0 is where a listing starts. */
  private static long digest(byte[] bytes) {
    var hash = 0xcbf29ce484222325L;
    for (var b : bytes) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    return 1 + (hash & (Long.MAX_VALUE >> 1));
  }
}
