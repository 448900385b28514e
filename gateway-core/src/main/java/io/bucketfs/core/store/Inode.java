package io.bucketfs.core.store;

import io.bucketfs.core.object.Xattrs;
import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileType;
import org.jspecify.annotations.Nullable;

/**
 * An inode as it is committed. Immutable; change it through an {@link Edit}.
 *
 * @param key mount and number
 * @param change counter of changes; clients see it below the crash epoch
 * @param target a symlink's target, else empty
 * @param parent a directory's parent; 0 for a mount's root and for anything that is not a directory
 * @param name a directory's name in its parent, else empty
 * @param nextCookie the cookie that a directory gives to its next entry
 * @param imported whether a directory's children in the bucket are known here
 * @param attributesPending whether POSIX metadata of the object were not read yet: sizes and times
 *     are those of a listing
 * @param localOnly whether it is never exported: lost+found and what is in it
 * @param explicitTimes whether a directory's times were set by a client, and so are worth a marker
 * @param exclusiveVerifier of the exclusive create that made it, until the first change
 * @param content bytes of a regular file, else null
 * @param xattrs extended attributes of a file or directory
 */
public record Inode(
    InodeKey key,
    FileType type,
    int mode,
    int links,
    int uid,
    int gid,
    long sizeBytes,
    long accessNanos,
    long modifyNanos,
    long changeNanos,
    long change,
    int deviceMajor,
    int deviceMinor,
    byte[] target,
    long parent,
    String name,
    long nextCookie,
    boolean imported,
    boolean attributesPending,
    boolean localOnly,
    boolean explicitTimes,
    long exclusiveVerifier,
    @Nullable Content content,
    Xattrs xattrs) {
  /** Format 1 had no extended attributes. */
  private static final int FORMAT = 2;

  private static final int FORMAT_WITHOUT_XATTRS = 1;

  /** The handle of this inode; numbers are never used again, so the generation is always 1. */
  public FileId id() {
    return new FileId(key.mount(), key.number(), 1);
  }

  public boolean isDirectory() {
    return type == FileType.DIRECTORY;
  }

  public boolean isRoot() {
    return key.number() == FileId.ROOT_INODE;
  }

  /** The content of a regular file. */
  public Content requireContent() {
    if (content == null) {
      throw new IllegalStateException("not a regular file: " + key);
    }
    return content;
  }

  /** What clients see, with the change counter below the given crash epoch. */
  public Attributes attributes(long epoch) {
    return new Attributes(
        id(),
        type,
        mode,
        links,
        uid,
        gid,
        sizeBytes,
        sizeBytes,
        epoch << 40 | change,
        accessNanos,
        modifyNanos,
        changeNanos,
        deviceMajor,
        deviceMinor);
  }

  /** A mutable copy. */
  public Edit edit() {
    return new Edit(this);
  }

  byte[] encode() {
    var writer =
        new RecordWriter(160)
            .u8(FORMAT)
            .i32(type.modeBits() | mode)
            .i32(links)
            .i32(uid)
            .i32(gid)
            .i64(sizeBytes)
            .i64(accessNanos)
            .i64(modifyNanos)
            .i64(changeNanos)
            .i64(change)
            .i32(deviceMajor)
            .i32(deviceMinor)
            .blob(target)
            .i64(parent)
            .text(name)
            .i64(nextCookie)
            .u8(
                (imported ? 1 : 0)
                    | (attributesPending ? 2 : 0)
                    | (localOnly ? 4 : 0)
                    | (explicitTimes ? 8 : 0))
            .i64(exclusiveVerifier)
            .bool(content != null);
    if (content != null) {
      content.encode(writer);
    }
    writer.i32(xattrs.size());
    xattrs.forEach((attribute, value) -> writer.text(attribute).blob(value));
    return writer.toBytes();
  }

  /** Reads a stored record, for scans. */
  public static Inode decode(InodeKey key, byte[] value) {
    var reader = new RecordReader(value);
    var format = reader.u8();
    if (format != FORMAT && format != FORMAT_WITHOUT_XATTRS) {
      throw new IllegalStateException("inode " + key + " has unknown format " + format);
    }
    var typeAndMode = reader.i32();
    var edit = new Edit(key, FileType.ofMode(typeAndMode));
    edit.mode = typeAndMode & 07777;
    edit.links = reader.i32();
    edit.uid = reader.i32();
    edit.gid = reader.i32();
    edit.sizeBytes = reader.i64();
    edit.accessNanos = reader.i64();
    edit.modifyNanos = reader.i64();
    edit.changeNanos = reader.i64();
    edit.change = reader.i64();
    edit.deviceMajor = reader.i32();
    edit.deviceMinor = reader.i32();
    edit.target = reader.blob();
    edit.parent = reader.i64();
    edit.name = reader.text();
    edit.nextCookie = reader.i64();
    var flags = reader.u8();
    edit.imported = (flags & 1) != 0;
    edit.attributesPending = (flags & 2) != 0;
    edit.localOnly = (flags & 4) != 0;
    edit.explicitTimes = (flags & 8) != 0;
    edit.exclusiveVerifier = reader.i64();
    edit.content = reader.bool() ? Content.decode(reader) : null;
    for (var left = format == FORMAT ? reader.i32() : 0; left > 0; left--) {
      edit.xattrs = edit.xattrs.with(reader.text(), reader.blob());
    }
    return edit.freeze();
  }

  /** An inode that is being made or changed by one transaction. Not thread-safe. */
  public static final class Edit {
    private static final byte[] NO_TARGET = {};

    /** The first cookie that a directory gives: 0 to 2 have meanings of their own in NFS. */
    public static final long FIRST_COOKIE = 3;

    public final InodeKey key;
    public final FileType type;
    public int mode;
    public int links = 1;
    public int uid;
    public int gid;
    public long sizeBytes;
    public long accessNanos;
    public long modifyNanos;
    public long changeNanos;
    public long change = 1;
    public int deviceMajor;
    public int deviceMinor;
    public byte[] target = NO_TARGET;
    public long parent;
    public String name = "";
    public long nextCookie = FIRST_COOKIE;
    public boolean imported;
    public boolean attributesPending;
    public boolean localOnly;
    public boolean explicitTimes;
    public long exclusiveVerifier;
    public @Nullable Content content;
    public Xattrs xattrs = Xattrs.NONE;

    /** A new inode. */
    public Edit(InodeKey key, FileType type) {
      this.key = key;
      this.type = type;
    }

    private Edit(Inode from) {
      this(from.key, from.type);
      mode = from.mode;
      links = from.links;
      uid = from.uid;
      gid = from.gid;
      sizeBytes = from.sizeBytes;
      accessNanos = from.accessNanos;
      modifyNanos = from.modifyNanos;
      changeNanos = from.changeNanos;
      change = from.change;
      deviceMajor = from.deviceMajor;
      deviceMinor = from.deviceMinor;
      target = from.target;
      parent = from.parent;
      name = from.name;
      nextCookie = from.nextCookie;
      imported = from.imported;
      attributesPending = from.attributesPending;
      localOnly = from.localOnly;
      explicitTimes = from.explicitTimes;
      exclusiveVerifier = from.exclusiveVerifier;
      content = from.content;
      xattrs = from.xattrs;
    }

    /** Sets all three times. */
    public Edit times(long nanos) {
      accessNanos = nanos;
      modifyNanos = nanos;
      changeNanos = nanos;
      return this;
    }

    /** Notes a change of metadata only. */
    public Edit changed(long nanos) {
      changeNanos = nanos;
      change++;
      return this;
    }

    /** Notes a change of what is in it. */
    public Edit modified(long nanos) {
      modifyNanos = nanos;
      return changed(nanos);
    }

    /** The finished inode. */
    public Inode freeze() {
      return new Inode(
          key,
          type,
          mode,
          links,
          uid,
          gid,
          sizeBytes,
          accessNanos,
          modifyNanos,
          changeNanos,
          change,
          deviceMajor,
          deviceMinor,
          target,
          parent,
          name,
          nextCookie,
          imported,
          attributesPending,
          localOnly,
          explicitTimes,
          exclusiveVerifier,
          content,
          xattrs);
    }
  }
}
