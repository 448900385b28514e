package io.bucketfs.nfs.attr;

import io.bucketfs.core.vfs.FileSystemStatistics;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.nfs.export.HandleCodec;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.time.Duration;

/** Writes {@code fattr4}: of what is asked for that which is supported, by ascending number. */
public final class AttributeWriter {
  private static final int NAME_BYTES_MAX = 255;
  private static final int LINKS_MAX = 65_000;

  /** RFC 8881, 5.8.1.3: handles never expire. */
  private static final int FH4_PERSISTENT = 0;

  /** RFC 7862, 12.2.3: later changes have greater change attributes. */
  private static final int CHANGE_TYPE_MONOTONIC = 0;

  /** RFC 7862, 12.2.1: ranges are cloned from any byte on. */
  private static final int CLONE_BYTES = 1;

  private static final FileSystemStatistics NO_STATISTICS =
      new FileSystemStatistics(0, 0, 0, 0, 0, 0);

  private final HandleCodec handles;
  private final int leaseSeconds;
  private final int ioBytesMax;

  public AttributeWriter(HandleCodec handles, Duration lease, int ioBytesMax) {
    this.handles = handles;
    leaseSeconds = (int) Math.max(1, lease.toSeconds());
    this.ioBytesMax = ioBytesMax;
  }

  /** Writes the bitmap and the attributes. */
  public void write(ByteBuf out, AttributeMask asked, Described object, int minorVersion) {
    var mask = asked.and(Attribute.supported(minorVersion));
    mask.write(out);
    var lengthAt = out.writerIndex();
    out.writeInt(0);
    for (var bits = mask.low(); bits != 0; bits &= bits - 1) {
      writeOne(out, Long.numberOfTrailingZeros(bits), object, minorVersion);
    }
    for (var bits = mask.high(); bits != 0; bits &= bits - 1) {
      writeOne(out, 64 + Long.numberOfTrailingZeros(bits), object, minorVersion);
    }
    out.setInt(lengthAt, out.writerIndex() - lengthAt - 4);
  }

  /** Writes an fattr4 that says only that this entry of a directory cannot be described. */
  public void writeError(ByteBuf out, AttributeMask asked, int status) {
    if (asked.has(Attribute.RDATTR_ERROR)) {
      AttributeMask.of(Attribute.RDATTR_ERROR).write(out);
      out.writeInt(4).writeInt(status);
    } else {
      AttributeMask.NONE.write(out);
      out.writeInt(0);
    }
  }

  private void writeOne(ByteBuf out, int number, Described object, int minorVersion) {
    var a = object.attributes();
    switch (number) {
      case Attribute.SUPPORTED_ATTRS -> Attribute.supported(minorVersion).write(out);
      case Attribute.TYPE -> out.writeInt(typeNumber(a.type()));
      case Attribute.CHANGE -> out.writeLong(a.change());
      case Attribute.SIZE -> out.writeLong(a.sizeBytes());
      case Attribute.FSID -> out.writeLong(object.fsidMajor()).writeLong(object.fsidMinor());
      case Attribute.RDATTR_ERROR -> out.writeInt(0);
      case Attribute.FILEHANDLE -> handles.write(out, object.handle());
      case Attribute.FILEID -> out.writeLong(object.fileId());
      case Attribute.MODE -> out.writeInt(a.mode() & 07777);
      case Attribute.NUMLINKS -> out.writeInt(a.linkCount());
      case Attribute.OWNER -> Xdr.writeDecimal(out, a.uid());
      case Attribute.OWNER_GROUP -> Xdr.writeDecimal(out, a.gid());
      case Attribute.RAWDEV -> out.writeInt(a.deviceMajor()).writeInt(a.deviceMinor());
      case Attribute.SPACE_USED -> out.writeLong(a.usedBytes());
      case Attribute.TIME_ACCESS -> writeTime(out, a.accessNanos());
      case Attribute.TIME_METADATA -> writeTime(out, a.changeNanos());
      case Attribute.TIME_MODIFY -> writeTime(out, a.modifyNanos());
      case Attribute.MOUNTED_ON_FILEID -> out.writeLong(object.mountedOnFileId());
      case Attribute.SUPPATTR_EXCLCREAT -> Attribute.settable(minorVersion).write(out);
      default -> writeOfFileSystem(out, number, object);
    }
  }

  private void writeOfFileSystem(ByteBuf out, int number, Described object) {
    var statistics = object.statistics() == null ? NO_STATISTICS : object.statistics();
    switch (number) {
      case Attribute.FH_EXPIRE_TYPE -> out.writeInt(FH4_PERSISTENT);
      case Attribute.LEASE_TIME -> out.writeInt(leaseSeconds);
      case Attribute.LINK_SUPPORT,
          Attribute.SYMLINK_SUPPORT,
          Attribute.UNIQUE_HANDLES,
          Attribute.CANSETTIME,
          Attribute.CASE_PRESERVING,
          Attribute.CHOWN_RESTRICTED,
          Attribute.HOMOGENEOUS,
          Attribute.NO_TRUNC,
          Attribute.XATTR_SUPPORT ->
          Xdr.writeBoolean(out, true);
      case Attribute.NAMED_ATTR, Attribute.CASE_INSENSITIVE -> Xdr.writeBoolean(out, false);
      case Attribute.FILES_AVAIL -> out.writeLong(statistics.availableFiles());
      case Attribute.FILES_FREE -> out.writeLong(statistics.freeFiles());
      case Attribute.FILES_TOTAL -> out.writeLong(statistics.totalFiles());
      case Attribute.MAXFILESIZE -> out.writeLong(Long.MAX_VALUE);
      case Attribute.MAXLINK -> out.writeInt(LINKS_MAX);
      case Attribute.MAXNAME -> out.writeInt(NAME_BYTES_MAX);
      case Attribute.MAXREAD, Attribute.MAXWRITE -> out.writeLong(ioBytesMax);
      case Attribute.QUOTA_AVAIL_HARD, Attribute.QUOTA_AVAIL_SOFT ->
          out.writeLong(statistics.availableBytes());
      case Attribute.QUOTA_USED -> out.writeLong(statistics.totalBytes() - statistics.freeBytes());
      case Attribute.SPACE_AVAIL -> out.writeLong(statistics.availableBytes());
      case Attribute.SPACE_FREE -> out.writeLong(statistics.freeBytes());
      case Attribute.SPACE_TOTAL -> out.writeLong(statistics.totalBytes());
      case Attribute.TIME_DELTA -> out.writeLong(0).writeInt(1);
      case Attribute.CLONE_BLKSIZE -> out.writeInt(CLONE_BYTES);
      case Attribute.CHANGE_ATTR_TYPE -> out.writeInt(CHANGE_TYPE_MONOTONIC);
      default -> throw new IllegalStateException("supported but not written: " + number);
    }
  }

  /** {@code nfs_ftype4}. */
  private static int typeNumber(FileType type) {
    return switch (type) {
      case FILE -> 1;
      case DIRECTORY -> 2;
      case BLOCK_DEVICE -> 3;
      case CHARACTER_DEVICE -> 4;
      case SYMLINK -> 5;
      case SOCKET -> 6;
      case FIFO -> 7;
    };
  }

  private static void writeTime(ByteBuf out, long nanos) {
    out.writeLong(Math.floorDiv(nanos, 1_000_000_000L));
    out.writeInt((int) Math.floorMod(nanos, 1_000_000_000L));
  }
}
