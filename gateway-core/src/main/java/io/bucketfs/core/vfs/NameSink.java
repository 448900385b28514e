package io.bucketfs.core.vfs;

/** Takes names of a directory one by one, until it is full. */
@FunctionalInterface
public interface NameSink {
  /**
   * Offers a name.
   *
   * @param cookie where a later READDIR goes on after this name; stable, above 2
   * @return whether the name was taken; false ends the listing before this name
   */
  boolean offer(long cookie, String name, FileId id);
}
