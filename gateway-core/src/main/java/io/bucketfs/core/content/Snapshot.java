package io.bucketfs.core.content;

import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.store.Inode;
import java.util.List;

/**
 * The bytes and metadata of a file as they stood at one instant, stable, pinned and unaffected by
 * later writes. Closed exactly once, after its body's last reader.
 */
public interface Snapshot extends AutoCloseable {
  /** The committed inode at that instant; its content's sequence and size are the snapshot's. */
  Inode inode();

  /**
   * The bytes. Ranges that are not resident are fetched from the file's base, pinned to its
   * version; where that version is gone, reading fails with an ObjectStoreException.
   */
  BodySource body();

  /** A range of the bytes, as {@link #body()} has them. */
  BodySource body(long offset, long length);

  /**
   * What the object below the file has at the same place, whether or not it is here, too; in order,
   * with something else between any two.
   */
  List<ByteRun> unchanged();

  /**
   * What was not written since an earlier state of the same content, as runs of {@link #body()}, in
   * order. All bytes of one run are in one place, so that it can be read where others cannot.
   *
   * @param sequence of that state, not below the exported one
   * @param withBase whether what is only in the object below the file is told, too
   */
  List<ByteRun> unwrittenSince(long sequence, boolean withBase);

  @Override
  void close();
}
