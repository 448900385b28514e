package io.bucketfs.core.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.admin.AdminException.Kind;
import io.bucketfs.core.check.Check;
import io.bucketfs.core.check.CheckReport;
import io.bucketfs.core.content.Contents;
import io.bucketfs.core.importer.BucketEvents.Event;
import io.bucketfs.core.importer.Importer;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.ConflictPolicy;
import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.MountRegistry;
import io.bucketfs.core.mount.MountRules;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.mount.ObjectPolicy;
import io.bucketfs.core.mount.Quota;
import io.bucketfs.core.mount.Retention;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStores;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.store.Conflict;
import io.bucketfs.core.store.Epoch;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.writeback.WriteBack;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out what an operator orders. Mounts are created and deleted one at a time. */
public final class Operations implements Administration {
  private static final Logger LOG = LoggerFactory.getLogger(Operations.class);

  /** How long a store is left alone that could not be probed. */
  private static final Duration PROBE_PAUSE = Duration.ofMinutes(10);

  private final MountRegistry registry;
  private final MountTable mounts;
  private final MountTallies tallies;
  private final MetadataCache cache;
  private final Importer importer;
  private final WriteBack writeBack;
  private final ObjectStores stores;
  private final BucketProbe probe;
  private final Check check;
  private final Epoch epoch;
  private final Contents contents;
  private final KeepOrders keep;
  private final Execution execution;
  private final Instant started;
  private final ReentrantLock changing = new ReentrantLock();

  public Operations(
      MountRegistry registry,
      MountTable mounts,
      MountTallies tallies,
      MetadataCache cache,
      Importer importer,
      WriteBack writeBack,
      ObjectStores stores,
      BucketProbe probe,
      Check check,
      Epoch epoch,
      Contents contents,
      KeepOrders keep,
      Execution execution) {
    this.registry = registry;
    this.mounts = mounts;
    this.tallies = tallies;
    this.cache = cache;
    this.importer = importer;
    this.writeBack = writeBack;
    this.stores = stores;
    this.probe = probe;
    this.check = check;
    this.epoch = epoch;
    this.contents = contents;
    this.keep = keep;
    this.execution = execution;
    started = execution.now();
  }

  // Mounts.

  @Override
  public MountStatus createMount(MountRequest request) throws AdminException {
    changing.lock();
    try {
      validate(request);
      var store = open(request);
      var kept = false;
      try {
        var policy = request.policy();
        var traits =
            probe.probe(store, request.prefix(), policy.readOnly(), policy.objects().placement());
        var active =
            registry.add(
                request.name(),
                request.location(),
                request.prefix(),
                request.policy(),
                request.access().after(Access.OPEN),
                request.quota(),
                traits,
                store);
        kept = true;
        return status(active);
      } finally {
        if (!kept) {
          store.close();
        }
      }
    } catch (FileSystemException e) {
      throw failed("the mount could not be stored", e);
    } catch (InterruptedException e) {
      throw interrupted();
    } finally {
      changing.unlock();
    }
  }

  @Override
  public void createBucket(MountRequest request) throws AdminException {
    validate(request);
    try (var store = open(request)) {
      new BucketCreation(execution).create(store);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private void validate(MountRequest request) throws AdminException {
    refuse(MountRules.wrongName(request.name()));
    refuse(MountRules.wrongPrefix(request.prefix()));
    refuse(MountRules.wrongPolicy(request.policy()));
    refuse(MountRules.wrongQuota(request.quota()));
    requireGood(request.name(), request.access());
    for (var present : mounts.all()) {
      var mount = present.mount();
      if (mount.name().equals(request.name())) {
        throw new AdminException(
            Kind.CONFLICT, "there is a mount " + mount.name() + " already; choose another name");
      }
      if (MountRules.collide(
          request.location(), request.prefix(), request.policy().readOnly(), mount)) {
        throw new AdminException(
            Kind.CONFLICT,
            "mount "
                + mount.name()
                + " shows objects of the same bucket and prefix, and two mounts"
                + " of which one may write must not overlap; choose another prefix, or make both"
                + " read-only");
      }
    }
  }

  private void requireGood(String mount, Access access) throws AdminException {
    refuse(access.problem());
    for (var sub : access.subExports()) {
      refuse(MountRules.wrongName(sub.name()));
      if (sub.name().equals(mount)) {
        throw new AdminException(
            Kind.INVALID, "sub-export " + mount + " is named as its mount; choose another name");
      }
    }
    for (var present : mounts.all()) {
      var other = present.mount();
      if (!other.name().equals(mount)) {
        requireDistinct(mount, access, other);
      }
    }
  }

  /** Mounts and sub-exports stand side by side under the pseudo-root. */
  private static void requireDistinct(String mount, Access access, Mount other)
      throws AdminException {
    for (var sub : access.subExports()) {
      var taken =
          sub.name().equals(other.name())
              || other.access().subExports().stream().anyMatch(s -> s.name().equals(sub.name()));
      if (taken) {
        throw new AdminException(
            Kind.CONFLICT,
            "the name of sub-export "
                + sub.name()
                + " is taken by mount "
                + other.name()
                + "; choose another name");
      }
    }
    if (other.access().subExports().stream().anyMatch(s -> s.name().equals(mount))) {
      throw new AdminException(
          Kind.CONFLICT,
          "mount " + other.name() + " has a sub-export " + mount + "; choose another name");
    }
  }

  private static void refuse(@Nullable String reason) throws AdminException {
    if (reason != null) {
      throw new AdminException(Kind.INVALID, reason);
    }
  }

  private ObjectStore open(MountRequest request) throws AdminException {
    try {
      return stores.open(request.location());
    } catch (IllegalArgumentException e) {
      throw new AdminException(Kind.INVALID, String.valueOf(e.getMessage()));
    }
  }

  private static AdminException failed(String what, Exception e) {
    return new AdminException(Kind.STORE, what + ": " + e.getMessage());
  }

  private static AdminException interrupted() {
    Thread.currentThread().interrupt();
    return new AdminException(Kind.STORE, "the gateway is stopping");
  }

  @Override
  public List<MountStatus> mounts() {
    return mounts.all().stream()
        .sorted(Comparator.comparing((ActiveMount active) -> active.mount().name()))
        .map(this::status)
        .toList();
  }

  @Override
  public MountStatus mount(String name) throws AdminException {
    return status(require(name));
  }

  private ActiveMount require(String name) throws AdminException {
    var mount = mounts.byName(name);
    if (mount == null) {
      throw new AdminException(
          Kind.NOT_FOUND, "there is no mount " + name + "; mount list shows those that are");
    }
    return mount;
  }

  private MountStatus status(ActiveMount active) {
    var number = active.mount().number();
    var backlog = writeBack.backlog(number);
    var oldest = backlog.oldest();
    var usage = registry.usage(active.mount());
    return new MountStatus(
        active.mount(),
        active.traits(),
        active.isProbedBefore(),
        backlog.files(),
        backlog.bytes(),
        oldest == null ? null : Duration.between(oldest, execution.now()),
        backlog.failing(),
        tallies.conflicts(number),
        tallies.unmapped(number),
        usage.bytes(),
        usage.inodes(),
        tallies.others().of(number));
  }

  @Override
  public MountStatus setObjects(String name, ObjectPolicy objects) throws AdminException {
    changing.lock();
    try {
      return status(registry.setObjects(require(name), objects));
    } catch (FileSystemException e) {
      throw failed("the rules for objects could not be stored", e);
    } finally {
      changing.unlock();
    }
  }

  @Override
  public MountStatus setQuota(String name, Quota quota) throws AdminException {
    changing.lock();
    try {
      refuse(MountRules.wrongQuota(quota));
      return status(registry.setQuota(require(name), quota));
    } catch (FileSystemException e) {
      throw failed("the quota could not be stored", e);
    } finally {
      changing.unlock();
    }
  }

  @Override
  public MountStatus setConflicts(String name, ConflictPolicy conflicts) throws AdminException {
    changing.lock();
    try {
      return status(registry.setConflicts(require(name), conflicts));
    } catch (FileSystemException e) {
      throw failed("the rule for conflicts could not be stored", e);
    } finally {
      changing.unlock();
    }
  }

  @Override
  public MountStatus setAccess(String name, Access access) throws AdminException {
    changing.lock();
    try {
      var active = require(name);
      requireGood(name, access);
      return status(registry.setAccess(active, access.after(active.mount().access())));
    } catch (FileSystemException e) {
      throw failed("the rules of access could not be stored", e);
    } finally {
      changing.unlock();
    }
  }

  @Override
  public MountStatus setImports(String name, ImportRules imports, Retention retention)
      throws AdminException {
    changing.lock();
    try {
      var active = require(name);
      refuse(MountRules.wrongPolicy(active.mount().policy().with(imports, retention)));
      return status(registry.setImports(active, imports, retention));
    } catch (FileSystemException e) {
      throw failed("the rules for what comes and stays could not be stored", e);
    } finally {
      changing.unlock();
    }
  }

  @Override
  public MountStatus setExports(String name, ExportPolicy exports) throws AdminException {
    changing.lock();
    try {
      return status(registry.setExports(require(name), exports));
    } catch (FileSystemException e) {
      throw failed("the rules for exports could not be stored", e);
    } finally {
      changing.unlock();
    }
  }

  @Override
  public MountStatus probeMount(String name) throws AdminException {
    changing.lock();
    try {
      var active = require(name);
      var mount = active.mount();
      var policy = mount.policy();
      var traits =
          probe.probe(
              active.store(), mount.prefix(), policy.readOnly(), policy.objects().placement());
      var changed = registry.setTraits(active, traits);
      writeBack.probed(mount.number());
      return status(changed);
    } catch (FileSystemException e) {
      throw failed("what the probe found could not be stored", e);
    } catch (InterruptedException e) {
      throw interrupted();
    } finally {
      changing.unlock();
    }
  }

  /**
   * Probes the stores that an older version of this program probed, which found out less. One that
   * does not answer is tried again later; until then it is trusted with what is known of it.
   */
  public void probeAgain() {
    var failed = false;
    for (var active : mounts.all()) {
      var name = active.mount().name();
      if (!active.isProbedBefore() || active.mount().policy().readOnly()) {
        continue;
      }
      try {
        var _ = probeMount(name);
        LOG.info("Probed the store of /{} again: this version makes use of more", name);
      } catch (AdminException e) {
        failed = true;
        LOG.warn(
            "The store of /{} could not be probed again, which is tried later: {}",
            name,
            e.getMessage());
      }
    }
    if (failed) {
      var _ = execution.schedule(PROBE_PAUSE, "probe-again", this::probeAgain);
    }
  }

  @Override
  public KeepOrders keep() {
    return keep;
  }

  @Override
  public void deleteMount(String name, boolean force) throws AdminException {
    changing.lock();
    try {
      var active = require(name);
      if (!force) {
        requireClean(active);
      }
      if (!active.mount().policy().readOnly()) {
        writeBack.abandonUploads(active);
      }
      mounts.remove(active.mount().number());
      writeBack.forget(active.mount().number());
      contents.forget(active.mount().number());
      registry.remove(active);
      tallies.remove(active.mount().number());
    } catch (FileSystemException e) {
      throw failed("the mount could not be deleted", e);
    } finally {
      changing.unlock();
    }
  }

  private void requireClean(ActiveMount active) throws FileSystemException, AdminException {
    if (!writeBack.awaitLoaded(Patience.FOREVER)) {
      throw new AdminException(
          Kind.CONFLICT, WriteBack.NOT_ALL_KNOWN + "; find out what it is, or lose it with force");
    }
    var dirty = writeBack.backlog(active.mount().number()).files();
    if (dirty > 0) {
      var name = active.mount().name();
      throw new AdminException(
          Kind.CONFLICT,
          dirty
              + " changes of "
              + name
              + " are not in the bucket yet; run flush "
              + name
              + " --wait first, or lose them with force");
    }
  }

  // Flush and status.

  @Override
  public FlushResult flush(String mount, String path, boolean await) throws AdminException {
    var active = require(mount);
    try {
      var flushed = writeBack.flush(active.mount().number(), inside(path), await);
      var now = execution.now();
      return new FlushResult(
          flushed.files(),
          flushed.failing().stream()
              .map(failure ->
                  new DirtyEntry(mount, "/" + failure.path(), "put", 0, now, failure.reason()))
              .toList());
    } catch (FileSystemException e) {
      throw failed("flush", e);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  // Changes of others.

  @Override
  public RefreshResult refresh(String mount, String path, boolean recursive) throws AdminException {
    var active = require(mount);
    try {
      var found = importer.refresh().run(active, inside(path), recursive);
      return new RefreshResult(found.created(), found.changed(), found.deleted());
    } catch (FileSystemException e) {
      if (e.error() == FsError.NOT_FOUND) {
        throw new AdminException(
            Kind.NOT_FOUND, "there is no " + inside(path) + " in " + mount + " and its bucket");
      }
      throw failed("refresh", e);
    } catch (IOException e) {
      throw failed("local state cannot be read", e);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  @Override
  public EventResult takeEvents(List<ObjectEvent> events) {
    var taken =
        importer
            .events()
            .take(
                events.stream()
                    .map(event -> new Event(event.bucket(), event.key(), event.etag()))
                    .toList());
    return new EventResult(taken.taken(), taken.unknown());
  }

  /** A path without slashes around it. */
  static String inside(String path) {
    var from = 0;
    var to = path.length();
    while (from < to && path.charAt(from) == '/') {
      from++;
    }
    while (to > from && path.charAt(to - 1) == '/') {
      to--;
    }
    return path.substring(from, to);
  }

  @Override
  public GatewayStatus status() {
    var all = mounts();
    return new GatewayStatus(
        started,
        epoch.writeVerifier(),
        all.stream().mapToLong(MountStatus::dirtyFiles).sum(),
        all.stream().mapToLong(MountStatus::dirtyBytes).sum(),
        all.stream().mapToLong(MountStatus::failing).sum(),
        contents.usedBytes(),
        contents.bytesMax(),
        contents.effectiveBytesMax(),
        all);
  }

  @Override
  public void setDiskBytesMax(long bytes) {
    contents.setBytesMax(bytes);
  }

  // Reports.

  @Override
  public List<DirtyEntry> dirty(@Nullable String mount, int max) throws AdminException {
    return pending(mount, false, max);
  }

  @Override
  public List<DirtyEntry> failing(@Nullable String mount, int max) throws AdminException {
    return pending(mount, true, max);
  }

  @Override
  public List<JobEntry> jobs(@Nullable String name) throws AdminException {
    var found = new ArrayList<JobEntry>();
    try {
      for (var active : chosen(name)) {
        var mount = active.mount();
        for (var job : writeBack.jobs(mount.number())) {
          var to = job.renamedTo();
          found.add(
              new JobEntry(
                  mount.name(),
                  job.number(),
                  job.rename() ? "rename" : "remove",
                  "/" + job.path(),
                  to == null ? null : "/" + to,
                  job.state().name().toLowerCase(Locale.ROOT),
                  job.objects(),
                  job.objectsDone(),
                  job.bytes(),
                  job.bytesDone(),
                  job.since(),
                  job.reason()));
        }
      }
    } catch (IOException e) {
      throw failed("local state cannot be read", e);
    }
    return found.stream().sorted(Comparator.comparing(JobEntry::since)).toList();
  }

  private List<DirtyEntry> pending(@Nullable String name, boolean onlyFailing, int max)
      throws AdminException {
    var found = new ArrayList<DirtyEntry>();
    for (var active : chosen(name)) {
      var mount = active.mount();
      for (var pending : writeBack.pending(mount.number(), onlyFailing, max)) {
        found.add(
            new DirtyEntry(
                mount.name(),
                "/" + pending.path(),
                pending.deletion() ? "delete" : "put",
                pending.sizeBytes(),
                pending.since(),
                pending.reason()));
      }
    }
    return found.stream().sorted(Comparator.comparing(DirtyEntry::since)).limit(max).toList();
  }

  private Collection<ActiveMount> chosen(@Nullable String name) throws AdminException {
    return name == null ? mounts.all() : List.of(require(name));
  }

  @Override
  public List<ConflictEntry> conflicts(@Nullable String mount, int max) throws AdminException {
    var found = new ArrayList<ConflictEntry>();
    for (var active : chosen(mount)) {
      for (var entry : scan(Family.CONFLICTS, active.mount(), max)) {
        var conflict = Conflict.decode(entry.value());
        found.add(
            new ConflictEntry(
                active.mount().name(),
                "/" + conflict.path(),
                "/" + conflict.kept(),
                Instant.ofEpochSecond(0, conflict.timeNanos()),
                conflict.reason()));
      }
    }
    return found.stream()
        .sorted(Comparator.comparing(ConflictEntry::time).reversed())
        .limit(max)
        .toList();
  }

  @Override
  public List<UnmappedEntry> unmapped(@Nullable String mount, int max) throws AdminException {
    var found = new ArrayList<UnmappedEntry>();
    for (var active : chosen(mount)) {
      for (var entry : scan(Family.UNMAPPED, active.mount(), max - found.size())) {
        found.add(
            new UnmappedEntry(
                active.mount().name(), Keys.textOf(entry.key()), new String(entry.value(), UTF_8)));
      }
    }
    return found;
  }

  @Override
  public CheckReport check(@Nullable String mount, boolean withBytes) throws AdminException {
    var only = mount == null ? null : require(mount);
    try {
      var report = check.run(only, withBytes);
      if (report == null) {
        throw new AdminException(Kind.CONFLICT, "a check is running already; wait for its end");
      }
      return report;
    } catch (FileSystemException | IOException e) {
      throw failed("local state cannot be read", e);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private List<Entry> scan(Family family, Mount mount, int max) throws AdminException {
    try {
      var from = Keys.mount(mount.number());
      return max <= 0 ? List.of() : cache.store().scan(family, from, Keys.endOfPrefix(from), max);
    } catch (IOException e) {
      throw failed("local state cannot be read", e);
    }
  }
}
