package io.bucketfs.core.mount;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStores;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.store.Usage;
import io.bucketfs.core.store.UsageCount;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The mounts of the state directory: kept there, opened at start, dropped with all they have. */
public final class MountRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(MountRegistry.class);
  private static final int CHUNK = 256;
  private static final int COUNT_PAGE = 4_096;

  /** What begins with the mount's number and is dropped by range. */
  private static final Set<Family> FAMILIES =
      EnumSet.of(
          Family.INODES,
          Family.DIRENTS,
          Family.COOKIES,
          Family.LINKS,
          Family.EXTENTS,
          Family.REMOTE,
          Family.DIRTY,
          Family.STALE,
          Family.JOBS,
          Family.UPLOADS,
          Family.PARTS,
          Family.BULK,
          Family.READS,
          Family.PINS,
          Family.ORPHANS,
          Family.CONFLICTS,
          Family.UNMAPPED,
          Family.USAGE);

  private final Committer committer;
  private final MetadataCache cache;
  private final MountTable table;
  private final MountTallies tallies;
  private final Execution execution;

  public MountRegistry(
      Committer committer,
      MetadataCache cache,
      MountTable table,
      MountTallies tallies,
      Execution execution) {
    this.committer = committer;
    this.cache = cache;
    this.table = table;
    this.tallies = tallies;
    this.execution = execution;
  }

  /**
   * Serves every mount that is kept. One whose bucket cannot be opened is left out and logged.
   * Sends no request.
   */
  public void open(ObjectStores stores) throws IOException {
    for (var entry : cache.store().scan(Family.MOUNTS, new byte[0], null, Integer.MAX_VALUE)) {
      var stored = MountCodec.decode(entry.value());
      var mount = stored.mount();
      if (stored.leaving()) {
        execution.fork("mount-drop", () -> dropLeftOver(mount.number()));
        continue;
      }
      var usage = cache.store().get(Family.USAGE, Keys.mount(mount.number()));
      limit(mount, usage == null ? null : Usage.decode(usage));
      if (usage == null) {
        execution.fork("usage-count", () -> countUsage(mount));
      }
      try {
        var store = stores.open(mount.location());
        table.put(new ActiveMount(mount, stored.traits(), stored.probed(), store));
      } catch (IllegalArgumentException e) {
        LOG.error("Mount {} cannot be opened: {}", mount.name(), e.getMessage());
      }
    }
    execution.fork("mount-tallies", this::count);
  }

  private void limit(Mount mount, @Nullable Usage stored) {
    committer.usages().begin(mount.number(), stored);
    committer.usages().limit(mount.number(), mount.quota().bytesMax(), mount.quota().inodesMax());
  }

  /** For a mount of a version that kept no counters. */
  private void countUsage(Mount mount) {
    try {
      var _ = new UsageCount(committer, mount.number()).run(_ -> {});
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (FileSystemException e) {
      LOG.warn("What mount {} takes could not be counted; a restart tries again", mount.name(), e);
    }
  }

  private void count() {
    try {
      for (var active : table.all()) {
        var number = active.mount().number();
        tallies.addConflicts(number, count(Family.CONFLICTS, number));
        tallies.addUnmapped(number, count(Family.UNMAPPED, number));
      }
    } catch (IOException e) {
      LOG.warn("Conflicts and unmapped keys cannot be counted", e);
    }
  }

  private long count(Family family, int mount) throws IOException {
    var from = Keys.mount(mount);
    var end = Keys.endOfPrefix(from);
    var total = 0L;
    while (true) {
      var page = cache.store().scan(family, from, end, COUNT_PAGE);
      total += page.size();
      if (page.size() < COUNT_PAGE) {
        return total;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  /** Keeps a new mount, with its root, and serves it. */
  public ActiveMount add(
      String name,
      BucketLocation location,
      String prefix,
      Mount.Policy policy,
      Access access,
      Quota quota,
      StoreTraits traits,
      ObjectStore store)
      throws FileSystemException {
    var uuid = new UUID(execution.randomLong(), execution.randomLong());
    var mount =
        committer.commit(tx -> {
          var number = tx.newMount();
          var made = new Mount(number, uuid, name, location, prefix, policy, access, quota);
          put(tx, new MountCodec.Stored(made, traits, false));
          tx.put(root(tx, made));
          tx.put(Family.USAGE, Keys.mount(number), Usage.NONE.encode());
          return made;
        });
    limit(mount, Usage.NONE);
    var active = new ActiveMount(mount, traits, StoreTraits.PROBE, store);
    table.put(active);
    return active;
  }

  /** What a mount takes now. */
  public Usage usage(Mount mount) {
    return committer.usages().usage(mount.number());
  }

  /** Keeps another quota for a mount that is served, and applies it. */
  public ActiveMount setQuota(ActiveMount active, Quota quota) throws FileSystemException {
    var changed = active.with(active.mount().withQuota(quota));
    commit(changed);
    committer.usages().limit(changed.mount().number(), quota.bytesMax(), quota.inodesMax());
    table.put(changed);
    return changed;
  }

  /** Keeps other rules for objects of a mount that is served, and applies them. */
  public ActiveMount setObjects(ActiveMount active, ObjectPolicy objects)
      throws FileSystemException {
    return keep(active.with(active.mount().withObjects(objects)));
  }

  /** Keeps another rule for conflicts for a mount that is served, and applies it. */
  public ActiveMount setConflicts(ActiveMount active, ConflictPolicy conflicts)
      throws FileSystemException {
    return keep(active.with(active.mount().withConflicts(conflicts)));
  }

  /** Keeps other rules of access for a mount that is served, and applies them. */
  public ActiveMount setAccess(ActiveMount active, Access access) throws FileSystemException {
    return keep(active.with(active.mount().withAccess(access)));
  }

  private ActiveMount keep(ActiveMount changed) throws FileSystemException {
    commit(changed);
    table.put(changed);
    return changed;
  }

  private void commit(ActiveMount changed) throws FileSystemException {
    committer.commit(tx -> {
      put(tx, stored(changed, false));
      return true;
    });
  }

  private static MountCodec.Stored stored(ActiveMount active, boolean leaving) {
    return new MountCodec.Stored(active.mount(), active.traits(), active.probed(), leaving);
  }

  /** Keeps what a probe found now of the store of a mount that is served, and goes by it. */
  public ActiveMount setTraits(ActiveMount active, StoreTraits traits) throws FileSystemException {
    return keep(active.with(traits));
  }

  /** Keeps other rules for exports of a mount that is served, and applies them. */
  public ActiveMount setExports(ActiveMount active, ExportPolicy exports)
      throws FileSystemException {
    var mount = active.mount();
    return keep(active.with(mount.withPolicy(mount.policy().withExports(exports))));
  }

  /** Keeps other rules for what comes to the local disk and stays there, and applies them. */
  public ActiveMount setImports(ActiveMount active, ImportRules imports, Retention retention)
      throws FileSystemException {
    var mount = active.mount();
    return keep(active.with(mount.withPolicy(mount.policy().with(imports, retention))));
  }

  private static void put(Tx tx, MountCodec.Stored stored) {
    tx.put(Family.MOUNTS, Keys.mount(stored.mount().number()), MountCodec.encode(stored));
  }

  private static Inode root(Tx tx, Mount mount) {
    var root = new Inode.Edit(new InodeKey(mount.number(), FileId.ROOT_INODE), FileType.DIRECTORY);
    root.mode = mount.policy().defaultDirectoryMode();
    root.uid = mount.policy().defaultUid();
    root.gid = mount.policy().defaultGid();
    root.links = 2;
    return root.times(tx.nowNanos()).freeze();
  }

  /** Forgets a mount that is not served any longer, and everything that is kept of it. */
  public void remove(ActiveMount active) throws FileSystemException {
    var number = active.mount().number();
    committer.commit(tx -> {
      put(tx, stored(active, true));
      return true;
    });
    active.store().close();
    drop(number);
  }

  private void dropLeftOver(int number) {
    try {
      drop(number);
    } catch (FileSystemException e) {
      LOG.warn("The rest of mount {} cannot be deleted now", number, e);
    }
  }

  private void drop(int number) throws FileSystemException {
    // One by one, since each takes its reference to an extent file with it.
    while (committer.commit(tx -> dropExtents(tx, number))) {}
    committer.commit(tx -> {
      var from = Keys.mount(number);
      var to = Keys.mount(number + 1);
      FAMILIES.forEach(family -> tx.deleteRange(family, from, to));
      tx.delete(Family.MOUNTS, from);
      return true;
    });
    cache.forget(number);
    committer.usages().forget(number);
  }

  private static boolean dropExtents(Tx tx, int number) throws IOException {
    var from = Keys.mount(number);
    var page = tx.scan(Family.EXTENTS, from, Keys.mount(number + 1), CHUNK);
    for (var entry : page) {
      var key = new RecordReader(entry.key());
      key.i32();
      tx.deleteExtent(number, key.i64(), Extent.ofEntry(entry));
    }
    return !page.isEmpty();
  }
}
