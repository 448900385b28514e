package io.bucketfs.core.store;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Keys of the metadata store. All but the gateway's own begin with the mount number, so that a
 * mount is dropped with one range delete a family.
 */
public final class Keys {
  /** Stands where keys of mounts have their number; those begin at 1. */
  static final int NO_MOUNT = 0;

  private Keys() {}

  /** In GATEWAY: says that every file with bytes on the local disk has its day in READS. */
  public static byte[] lastReadsComplete() {
    return text(NO_MOUNT, "last-reads");
  }

  /** Every key of a mount starts with this. */
  public static byte[] mount(int mount) {
    return new RecordWriter(4).i32(mount).toBytes();
  }

  public static byte[] inode(int mount, long inode) {
    return new RecordWriter(12).i32(mount).i64(inode).toBytes();
  }

  public static byte[] dirent(int mount, long directory, String name) {
    return new RecordWriter(12 + name.length()).i32(mount).i64(directory).rawText(name).toBytes();
  }

  public static byte[] cookie(int mount, long directory, long cookie) {
    return new RecordWriter(20).i32(mount).i64(directory).i64(cookie).toBytes();
  }

  public static byte[] link(int mount, long inode, long directory, String name) {
    return new RecordWriter(20 + name.length())
        .i32(mount)
        .i64(inode)
        .i64(directory)
        .rawText(name)
        .toBytes();
  }

  public static byte[] extent(int mount, long content, long offset) {
    return new RecordWriter(20).i32(mount).i64(content).i64(offset).toBytes();
  }

  /** A part of an upload; by number 0 all of its parts begin after this. */
  public static byte[] part(int mount, long upload, int number) {
    return new RecordWriter(16).i32(mount).i64(upload).i32(number).toBytes();
  }

  /** A job of many objects; 0 stands for the one that removals are added to. */
  public static byte[] bulk(int mount, long number) {
    return new RecordWriter(12).i32(mount).i64(number).toBytes();
  }

  public static byte[] reference(long file, long position, int mount, long content, long offset) {
    return new RecordWriter(36)
        .i64(file)
        .i64(position)
        .i32(mount)
        .i64(content)
        .i64(offset)
        .toBytes();
  }

  /** What the keys of all references to a record begin with. */
  public static byte[] record(long file, long position) {
    return new RecordWriter(16).i64(file).i64(position).toBytes();
  }

  public static byte[] number(long number) {
    return new RecordWriter(8).i64(number).toBytes();
  }

  /** For families keyed by mount and object key or other text. */
  public static byte[] text(int mount, String text) {
    return new RecordWriter(4 + text.length()).i32(mount).rawText(text).toBytes();
  }

  /** The key of a note of the protocol engine; under the number of no mount. */
  public static byte[] note(byte[] key) {
    return ByteBuffer.allocate(Integer.BYTES + key.length).putInt(NO_MOUNT).put(key).array();
  }

  /** What {@link #note} was given. */
  public static byte[] noteOf(byte[] key) {
    return Arrays.copyOfRange(key, Integer.BYTES, key.length);
  }

  /** The text of a key made by {@link #text}. */
  public static String textOf(byte[] key) {
    var reader = new RecordReader(key);
    reader.i32();
    return reader.restText();
  }

  /** The mount of any key that begins with one. */
  public static int mountOf(byte[] key) {
    return new RecordReader(key).i32();
  }

  /**
   * The least key above all that start with the given bytes, or null where there is none: the end
   * of a range.
   */
  public static byte @Nullable [] endOfPrefix(byte[] prefix) {
    for (var i = prefix.length - 1; i >= 0; i--) {
      if (prefix[i] != (byte) 0xff) {
        var end = Arrays.copyOf(prefix, i + 1);
        end[i]++;
        return end;
      }
    }
    return null;
  }

  /** The least key above the given one: where a scan goes on. */
  public static byte[] after(byte[] key) {
    return Arrays.copyOf(key, key.length + 1);
  }
}
