package io.bucketfs.core.mount;

import io.bucketfs.core.access.Access;
import java.time.Duration;
import java.util.UUID;

/**
 * A bucket or a prefix of one, served at {@code /name}. Changes are new records under the same
 * number.
 *
 * @param number identity in keys and filehandles, positive, never used again
 * @param uuid identity for clients: the fsid is derived from it
 * @param name the path component under the pseudo-root
 * @param prefix empty, or a key prefix that ends in a slash
 * @param access who may use it
 * @param quota what it may take
 */
public record Mount(
    int number,
    UUID uuid,
    String name,
    BucketLocation location,
    String prefix,
    Policy policy,
    Access access,
    Quota quota) {

  /** The same with other rules of access. */
  public Mount withAccess(Access newAccess) {
    return new Mount(number, uuid, name, location, prefix, policy, newAccess, quota);
  }

  /** The same with another rule for conflicts. */
  public Mount withConflicts(ConflictPolicy conflicts) {
    return new Mount(
        number, uuid, name, location, prefix, policy.withConflicts(conflicts), access, quota);
  }

  /** The same with another policy. */
  public Mount withPolicy(Policy newPolicy) {
    return new Mount(number, uuid, name, location, prefix, newPolicy, access, quota);
  }

  /** The same with another quota. */
  public Mount withQuota(Quota newQuota) {
    return new Mount(number, uuid, name, location, prefix, policy, access, newQuota);
  }

  /** The same with other rules for objects. */
  public Mount withObjects(ObjectPolicy objects) {
    return new Mount(
        number, uuid, name, location, prefix, policy.withObjects(objects), access, quota);
  }

  /**
   * How a mount behaves.
   *
   * @param readOnly refuses every change
   * @param writebackIdle a file is exported once it was not changed for this long
   * @param writebackMaxAge a file is exported at the latest this long after it became dirty
   * @param defaultUid owner of objects without POSIX metadata
   * @param defaultGid group of objects without POSIX metadata
   * @param defaultFileMode permission bits of files without POSIX metadata
   * @param defaultDirectoryMode permission bits of directories without POSIX metadata
   * @param refresh when changes of others are looked for
   * @param objects how objects are written
   * @param conflicts what becomes of files that others changed, too
   * @param imports which data come before they are read
   * @param retention how long data stay on the local disk
   * @param exports when files are exported, and how fast
   * @param posixMetadata whether owner, mode, times and extended attributes travel with objects
   */
  public record Policy(
      boolean readOnly,
      Duration writebackIdle,
      Duration writebackMaxAge,
      int defaultUid,
      int defaultGid,
      int defaultFileMode,
      int defaultDirectoryMode,
      RefreshPolicy refresh,
      ObjectPolicy objects,
      ConflictPolicy conflicts,
      ImportRules imports,
      Retention retention,
      ExportPolicy exports,
      boolean posixMetadata) {
    /** A policy that is as usual in what is not given. */
    public Policy(
        boolean readOnly,
        Duration writebackIdle,
        Duration writebackMaxAge,
        int defaultUid,
        int defaultGid,
        int defaultFileMode,
        int defaultDirectoryMode) {
      this(
          readOnly,
          writebackIdle,
          writebackMaxAge,
          defaultUid,
          defaultGid,
          defaultFileMode,
          defaultDirectoryMode,
          RefreshPolicy.DEFAULT,
          ObjectPolicy.DEFAULT,
          ConflictPolicy.DEFAULT,
          ImportRules.DEFAULT,
          Retention.DEFAULT,
          ExportPolicy.DEFAULT,
          true);
    }

    /** The same with other rules for changes of others. */
    public Policy withRefresh(RefreshPolicy other) {
      return new Policy(
          readOnly,
          writebackIdle,
          writebackMaxAge,
          defaultUid,
          defaultGid,
          defaultFileMode,
          defaultDirectoryMode,
          other,
          objects,
          conflicts,
          imports,
          retention,
          exports,
          posixMetadata);
    }

    /** The same with other rules for objects. */
    public Policy withObjects(ObjectPolicy other) {
      return new Policy(
          readOnly,
          writebackIdle,
          writebackMaxAge,
          defaultUid,
          defaultGid,
          defaultFileMode,
          defaultDirectoryMode,
          refresh,
          other,
          conflicts,
          imports,
          retention,
          exports,
          posixMetadata);
    }

    /** The same with another rule for conflicts. */
    public Policy withConflicts(ConflictPolicy other) {
      return new Policy(
          readOnly,
          writebackIdle,
          writebackMaxAge,
          defaultUid,
          defaultGid,
          defaultFileMode,
          defaultDirectoryMode,
          refresh,
          objects,
          other,
          imports,
          retention,
          exports,
          posixMetadata);
    }

    /** The same with other rules for what comes from the bucket and how long it stays. */
    public Policy with(ImportRules otherImports, Retention otherRetention) {
      return new Policy(
          readOnly,
          writebackIdle,
          writebackMaxAge,
          defaultUid,
          defaultGid,
          defaultFileMode,
          defaultDirectoryMode,
          refresh,
          objects,
          conflicts,
          otherImports,
          otherRetention,
          exports,
          posixMetadata);
    }

    /** The same with other rules for exports. */
    public Policy withExports(ExportPolicy other) {
      return new Policy(
          readOnly,
          writebackIdle,
          writebackMaxAge,
          defaultUid,
          defaultGid,
          defaultFileMode,
          defaultDirectoryMode,
          refresh,
          objects,
          conflicts,
          imports,
          retention,
          other,
          posixMetadata);
    }

    /** The same with POSIX metadata on objects, or without. */
    public Policy withPosixMetadata(boolean other) {
      return new Policy(
          readOnly,
          writebackIdle,
          writebackMaxAge,
          defaultUid,
          defaultGid,
          defaultFileMode,
          defaultDirectoryMode,
          refresh,
          objects,
          conflicts,
          imports,
          retention,
          exports,
          other);
    }

    /** The same with what can be changed of a mount that is served as another policy has it. */
    public Policy withChangeable(Policy other) {
      return withObjects(other.objects)
          .withConflicts(other.conflicts)
          .with(other.imports, other.retention)
          .withExports(other.exports);
    }

    /** What holds where nothing is said. */
    public static final Policy DEFAULT =
        new Policy(false, Duration.ofSeconds(60), Duration.ofMinutes(5), 0, 0, 0644, 0755);
  }

  /** The file system id that clients see; never 0. */
  public long fileSystemId() {
    var id = uuid.getMostSignificantBits() ^ uuid.getLeastSignificantBits();
    return id == 0 ? 1 : id;
  }
}
