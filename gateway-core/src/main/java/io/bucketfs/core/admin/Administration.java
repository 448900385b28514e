package io.bucketfs.core.admin;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.check.Check;
import io.bucketfs.core.check.CheckReport;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.ConflictPolicy;
import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.ObjectPolicy;
import io.bucketfs.core.mount.OtherGateways;
import io.bucketfs.core.mount.Quota;
import io.bucketfs.core.mount.Retention;
import io.bucketfs.core.object.StoreTraits;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an operator can ask and order. Thread-safe; methods wait for disk and S3, so they are called
 * from virtual threads.
 */
public interface Administration {

  /**
   * Makes the bucket of a mount that is going to be made. One that is there and ours is left as it
   * is.
   *
   * @throws AdminException where the mount could not be made, or the store refuses
   */
  void createBucket(MountRequest request) throws AdminException;

  /**
   * Probes the bucket and adds a mount, served at once.
   *
   * @throws AdminException where the name is bad or taken, the bucket and prefix overlap with
   *     another mount that may write, or the probe fails; nothing is kept then
   */
  MountStatus createMount(MountRequest request) throws AdminException;

  /**
   * What is to be mounted.
   *
   * @param name the path component under which it is served: 1 to 255 bytes, no slash
   * @param prefix empty, or ending in a slash
   */
  record MountRequest(
      String name,
      BucketLocation location,
      String prefix,
      Mount.Policy policy,
      Access access,
      Quota quota) {
    /** A mount that everybody may use, as much as he likes. */
    public MountRequest(String name, BucketLocation location, String prefix, Mount.Policy policy) {
      this(name, location, prefix, policy, Access.OPEN, Quota.NONE);
    }
  }

  /**
   * Changes who may use a mount, from the next request of each client on.
   *
   * @throws AdminException where there is no such mount, or the rules make no sense
   */
  MountStatus setAccess(String name, Access access) throws AdminException;

  /**
   * Changes what a mount may take, from the next request on. What it has above that it keeps.
   *
   * @throws AdminException where there is no such mount, or the quota makes no sense
   */
  MountStatus setQuota(String name, Quota quota) throws AdminException;

  /**
   * Changes how the objects of a mount are written, from the next export on. What is in the bucket
   * stays as it is.
   *
   * @throws AdminException where there is no such mount
   */
  MountStatus setObjects(String name, ObjectPolicy objects) throws AdminException;

  /**
   * Changes what becomes of files that are changed on both sides, from the next conflict on.
   *
   * @throws AdminException where there is no such mount
   */
  MountStatus setConflicts(String name, ConflictPolicy conflicts) throws AdminException;

  /**
   * Changes which data of a mount come by themselves, and how long they stay here unused.
   *
   * @throws AdminException where there is no such mount, or the rules make no sense
   */
  MountStatus setImports(String name, ImportRules imports, Retention retention)
      throws AdminException;

  /**
   * Changes how fast the files of a mount are exported, and what a client does that waits for it.
   *
   * @throws AdminException where there is no such mount
   */
  MountStatus setExports(String name, ExportPolicy exports) throws AdminException;

  /**
   * Probes the store of a mount again and goes by what it finds from then on, as after a change of
   * the store, or where an older version of this program probed it.
   *
   * @throws AdminException where there is no such mount, or the probe fails; what was known stays
   */
  MountStatus probeMount(String name) throws AdminException;

  /** What can be ordered about local copies. */
  KeepOrders keep();

  /** All mounts, sorted by name. */
  List<MountStatus> mounts();

  /** One mount by name. */
  MountStatus mount(String name) throws AdminException;

  /**
   * A mount and how it is doing.
   *
   * @param traits what the probe found
   * @param probedBefore whether an older version of this program probed it, which found out less
   * @param dirtyFiles files, directories and deletions that are not yet in S3
   * @param dirtyBytes bytes of them
   * @param oldestDirty how long the oldest of them has been dirty; null where there is none
   * @param failing how many of them cannot be exported for a reason that does not pass by itself
   * @param conflicts conflicts that are kept in lost+found
   * @param unmapped keys that cannot be shown as files
   * @param usedBytes lengths of all files
   * @param usedInodes files, directories and everything else
   * @param otherGateway another one that writes to the bucket, as it should not; null for none
   */
  record MountStatus(
      Mount mount,
      StoreTraits traits,
      boolean probedBefore,
      long dirtyFiles,
      long dirtyBytes,
      @Nullable Duration oldestDirty,
      long failing,
      long conflicts,
      long unmapped,
      long usedBytes,
      long usedInodes,
      OtherGateways.@Nullable Other otherGateway) {}

  /**
   * Stops serving a mount and forgets its local state. The bucket is not touched.
   *
   * @param force also where changes would be lost that are not in S3
   * @throws AdminException with kind CONFLICT where something is dirty and force is not given
   */
  void deleteMount(String name, boolean force) throws AdminException;

  /**
   * Starts the export of everything that was acknowledged before this call and, with {@code await},
   * returns once it is in S3, also while clients go on writing.
   *
   * @param path inside the mount, with or without a leading slash; empty for all of it
   */
  FlushResult flush(String mount, String path, boolean await) throws AdminException;

  /**
   * What a flush covered.
   *
   * @param files how many dirty entries the flush covers
   * @param failing those of them that cannot be exported; empty unless the flush waited
   */
  record FlushResult(long files, List<DirtyEntry> failing) {}

  /**
   * Compares what is known of a mount with its bucket and takes over what others changed, whatever
   * the mount's policy says of changes that it finds by itself. Returns when it is done.
   *
   * @param path inside the mount, with or without a leading slash; empty for its root
   * @param recursive whether to go on with the directories below that are known
   * @throws AdminException with kind NOT_FOUND where there is nothing at the path
   */
  RefreshResult refresh(String mount, String path, boolean recursive) throws AdminException;

  /**
   * What others changed, in names.
   *
   * @param created names that came
   * @param changed files that have another version now
   * @param deleted names that went
   */
  record RefreshResult(long created, long changed, long deleted) {}

  /**
   * Takes what a store tells of its objects: they are looked at soon. Does not wait.
   *
   * @return what of it is about objects of mounts
   */
  EventResult takeEvents(List<ObjectEvent> events);

  /**
   * An object was written or deleted.
   *
   * @param bucket its name
   * @param etag of what was written; null where it was deleted or the store did not say
   */
  record ObjectEvent(String bucket, String key, @Nullable String etag) {}

  /**
   * What became of events.
   *
   * @param taken those of objects below a mount
   * @param unknown those of others, which are ignored
   */
  record EventResult(int taken, int unknown) {}

  /** The gateway as a whole. */
  GatewayStatus status();

  /**
   * The state of the gateway.
   *
   * @param writeVerifier changes when unsynced data may have been lost
   * @param diskBytes what the local tier occupies
   * @param diskBytesMax its cap
   * @param diskBytesNow what of the cap it can use while the host's file system has little left
   */
  record GatewayStatus(
      Instant started,
      long writeVerifier,
      long dirtyFiles,
      long dirtyBytes,
      long failing,
      long diskBytes,
      long diskBytesMax,
      long diskBytesNow,
      List<MountStatus> mounts) {}

  /**
   * Changes what the local tier may occupy, at once; a smaller size is reached by dropping what S3
   * has and exporting what it has not.
   */
  void setDiskBytesMax(long bytes);

  /** Dirty entries of a mount, or of all mounts for null, oldest first; at most {@code max}. */
  List<DirtyEntry> dirty(@Nullable String mount, int max) throws AdminException;

  /** As {@link #dirty}, only those that cannot be exported. */
  List<DirtyEntry> failing(@Nullable String mount, int max) throws AdminException;

  /**
   * Something whose state in S3 is not the one here.
   *
   * @param path inside the mount, with a leading slash
   * @param action what is due: {@code put}, {@code delete}, {@code rename}
   * @param reason why it fails, with the remedy; null where it does not
   */
  record DirtyEntry(
      String mount,
      String path,
      String action,
      long sizeBytes,
      Instant since,
      @Nullable String reason) {}

  /** Renames and removals of many objects that are under way, oldest first. */
  List<JobEntry> jobs(@Nullable String mount) throws AdminException;

  /**
   * How far a rename or removal of many objects is.
   *
   * @param id identity in its mount
   * @param kind {@code rename} or {@code remove}
   * @param path what was renamed, or the nearest directory above all that was removed; inside the
   *     mount, with a leading slash
   * @param to where that is now; null for a removal, and where it was removed since
   * @param state {@code waiting}, {@code running}, {@code retrying} or {@code failing}
   * @param objects how many objects it is about; 0 until they are counted
   * @param objectsDone how many of them are where they should be
   * @param reason why the last attempt at a part of it came to nothing; null where none did
   */
  record JobEntry(
      String mount,
      long id,
      String kind,
      String path,
      @Nullable String to,
      String state,
      long objects,
      long objectsDone,
      long bytes,
      long bytesDone,
      Instant since,
      @Nullable String reason) {}

  /**
   * Verifies the local state, while it is in use; see {@link Check}.
   *
   * @param mount null for all, and what they share
   * @param withBytes whether to read all data too and compare its checksums
   * @throws AdminException with kind CONFLICT where a check is running already
   */
  CheckReport check(@Nullable String mount, boolean withBytes) throws AdminException;

  /** Conflicts, newest first; at most {@code max}. */
  List<ConflictEntry> conflicts(@Nullable String mount, int max) throws AdminException;

  /**
   * A local version that lost against the bucket.
   *
   * @param path where the file was
   * @param kept where its local version is now, inside the mount
   */
  record ConflictEntry(String mount, String path, String kept, Instant time, String reason) {}

  /** Keys that cannot be shown as files; at most {@code max}. */
  List<UnmappedEntry> unmapped(@Nullable String mount, int max) throws AdminException;

  /** A key and why it is no path. */
  record UnmappedEntry(String mount, String key, String reason) {}
}
