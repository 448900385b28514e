package io.bucketfs.core.writeback;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How far a rename or removal of many objects is.
 *
 * @param number identity in its mount
 * @param path what was renamed, or the nearest directory above all that was removed; inside the
 *     mount, without a leading slash
 * @param renamedTo where that is now; null for a removal, and where it was removed since
 * @param rename whether it is a rename
 * @param objects how many objects it is about; 0 until they are counted
 * @param objectsDone how many of them are where they should be
 * @param reason why the last attempt at a part of it came to nothing; null where none did
 */
public record BulkProgress(
    long number,
    String path,
    @Nullable String renamedTo,
    boolean rename,
    State state,
    long objects,
    long objectsDone,
    long bytes,
    long bytesDone,
    Instant since,
    @Nullable String reason) {
  /** What it is doing. */
  public enum State {
    /** Nothing is sent yet: what was changed may change again. */
    WAITING,
    /** Requests are sent. */
    RUNNING,
    /** Requests failed and are sent again. */
    RETRYING,
    /** All that is left fails until somebody acts. */
    FAILING
  }
}
