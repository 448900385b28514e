package io.bucketfs.nfs.op;

import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;

/**
 * An operation of a COMPOUND with its arguments. It lives as long as the request, whose bytes it
 * may hold slices of.
 *
 * <p>{@link #run} may be called again after {@link io.bucketfs.core.vfs.WouldBlock}: it must not
 * have left a trace then, but in itself. An operation that calls the file system again after a
 * first change therefore asks {@link io.bucketfs.core.vfs.Patience#requireWaiting} before that
 * change, or remembers it.
 */
public interface Operation {
  /** Runs, and writes the result behind the status where it succeeds. */
  NfsStatus run(Compound c) throws NfsException, FileSystemException;

  /** Whether it changes anything, so that its reply must be known to fit before it runs. */
  default boolean isChange() {
    return false;
  }

  /** Writes what comes after the status of a failure; for most operations nothing does. */
  default void writeFailure(ByteBuf out) {}
}
