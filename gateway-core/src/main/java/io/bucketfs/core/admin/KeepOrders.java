package io.bucketfs.core.admin;

import io.bucketfs.core.residency.Progress;
import io.bucketfs.core.residency.Residency.Outcome;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an operator can order about the copies of S3's bytes on the local disk. Thread-safe; methods
 * return when it is done, or nobody takes their progress any longer.
 */
public interface KeepOrders {
  /**
   * A file, or a directory with all that is in it.
   *
   * @param path inside the mount, with or without a leading slash; empty for all of it
   */
  record Place(String mount, String path) {}

  /**
   * Fetches what only S3 has.
   *
   * @throws AdminException with kind CONFLICT where it does not fit the local disk; nothing is
   *     fetched then
   */
  Outcome warm(List<Place> places, Progress.Sink sink) throws AdminException;

  /** Drops what S3 has, too. What is pinned stays. */
  Outcome evict(List<Place> places, Progress.Sink sink) throws AdminException;

  /**
   * Keeps files on the local disk from now on, also those that come to a directory later.
   *
   * @throws AdminException with kind CONFLICT where pins would exceed their share
   */
  Outcome pin(List<Place> places, Progress.Sink sink) throws AdminException;

  /** Ends what {@link #pin} began. */
  Outcome unpin(List<Place> places) throws AdminException;

  /** What is pinned. */
  Pinned pins() throws AdminException;

  /**
   * What is pinned, and what may be.
   *
   * @param bytesMax what pins may hold of the local disk
   */
  record Pinned(List<PinEntry> pins, long bytesMax) {}

  /**
   * Something that is pinned.
   *
   * @param path inside the mount, with a leading slash
   * @param bytes lengths of its files when it was pinned
   * @param since null where the record of it is damaged: then its bytes are not known, either
   */
  record PinEntry(String mount, String path, long bytes, @Nullable Instant since) {}

  /**
   * Copies a tree of the gateway's machine into a mount. Files that are there with the same size
   * and time are passed over, so that it goes on where it was interrupted.
   *
   * @param from an absolute path on the gateway's machine
   */
  Outcome copyIn(Place place, String from, Progress.Sink sink) throws AdminException;
}
