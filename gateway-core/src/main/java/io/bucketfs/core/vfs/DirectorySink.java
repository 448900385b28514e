package io.bucketfs.core.vfs;

/** Takes directory entries one by one, until it is full. */
@FunctionalInterface
public interface DirectorySink {
  /**
   * Offers an entry.
   *
   * @param cookie where a later READDIR goes on after this entry; stable, above 2
   * @return whether the entry was taken; false ends the listing before this entry
   */
  boolean offer(long cookie, String name, Attributes attributes);
}
