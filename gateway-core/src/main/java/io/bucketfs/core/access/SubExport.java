package io.bucketfs.core.access;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A directory of a mount that is served under a name of its own, beside the mounts.
 *
 * @param number tells it from others of its mount in filehandles, never used again; 0 as long as it
 *     has none
 * @param path inside the mount, without slashes around it
 * @param readOnly whether all its clients may only read
 * @param forced who everybody counts as in it, whatever ids are sent; null for no one
 * @param clients rules that hold in place of the mount's; empty for the mount's
 */
public record SubExport(
    int number,
    String name,
    String path,
    boolean readOnly,
    @Nullable Ids forced,
    List<ClientRule> clients) {
  /** A user and its only group. */
  public record Ids(int uid, int gid) {}

  public SubExport {
    clients = List.copyOf(clients);
  }

  /** The same under a number. */
  public SubExport withNumber(int newNumber) {
    return new SubExport(newNumber, name, path, readOnly, forced, clients);
  }
}
