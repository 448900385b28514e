package io.bucketfs.app;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.AdminException.Kind;
import io.bucketfs.core.admin.Administration;
import io.bucketfs.core.check.CheckReport;
import io.bucketfs.core.check.Finding;
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
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Mounts and dirty files in memory; nothing behind them. Thread-safe. */
public final class FakeAdministration implements Administration {
  /** When everything in here happened. */
  public static final Instant THEN = Instant.parse("2026-01-02T03:04:05Z");

  /** A bucket whose probe fails. */
  public static final String UNREACHABLE = "unreachable";

  private final List<String> buckets = new ArrayList<>();
  private final FakeKeep keep = new FakeKeep();
  private final List<Finding> damage = new ArrayList<>();
  private final Map<String, Mount> mounts = new TreeMap<>();
  private final List<DirtyEntry> dirty = new ArrayList<>();
  private final AtomicInteger statusCalls = new AtomicInteger();
  private volatile @Nullable CountDownLatch flushGate;
  private volatile boolean bucketsReachable;
  private volatile long diskBytesMax = 20L << 30;
  private volatile OtherGateways.@Nullable Other otherGateway;
  private volatile long hostBytes = Long.MAX_VALUE;

  /** Makes one file dirty. */
  public synchronized FakeAdministration withDirty(
      String mount, String path, long sizeBytes, @Nullable String reason) {
    dirty.add(new DirtyEntry(mount, path, "put", sizeBytes, THEN, reason));
    return this;
  }

  /** Lets a flush that waits wait until the latch opens. */
  public void holdFlush(CountDownLatch gate) {
    flushGate = gate;
  }

  private final Set<String> probedBefore = new HashSet<>();

  /** Lets every probe succeed. */
  public void reachBuckets() {
    bucketsReachable = true;
  }

  /** How often the status was asked for. */
  public int statusCalls() {
    return statusCalls.get();
  }

  /** Buckets that were to be made. */
  public synchronized List<String> buckets() {
    return List.copyOf(buckets);
  }

  @Override
  public synchronized void createBucket(MountRequest request) {
    buckets.add(request.location().bucket());
  }

  @Override
  public synchronized MountStatus createMount(MountRequest request) throws AdminException {
    if (mounts.containsKey(request.name())) {
      throw new AdminException(Kind.CONFLICT, "A mount named " + request.name() + " exists.");
    }
    if (!bucketsReachable && request.location().bucket().equals(UNREACHABLE)) {
      throw new AdminException(Kind.STORE, "The bucket does not answer: connection refused.");
    }
    var number = mounts.size() + 1;
    var mount =
        new Mount(
            number,
            new UUID(7, number),
            request.name(),
            request.location(),
            request.prefix(),
            request.policy(),
            request.access().after(Access.OPEN),
            request.quota());
    mounts.put(mount.name(), mount);
    return status(mount);
  }

  @Override
  public synchronized MountStatus setAccess(String name, Access access) throws AdminException {
    var before = find(name);
    var changed = before.withAccess(access.after(before.access()));
    mounts.put(name, changed);
    return status(changed);
  }

  @Override
  public synchronized MountStatus setObjects(String name, ObjectPolicy objects)
      throws AdminException {
    var changed = find(name).withObjects(objects);
    mounts.put(name, changed);
    return status(changed);
  }

  @Override
  public synchronized MountStatus setQuota(String name, Quota quota) throws AdminException {
    var changed = find(name).withQuota(quota);
    mounts.put(name, changed);
    return status(changed);
  }

  @Override
  public synchronized MountStatus setImports(String name, ImportRules imports, Retention retention)
      throws AdminException {
    var before = find(name);
    var changed = before.withPolicy(before.policy().with(imports, retention));
    mounts.put(name, changed);
    return status(changed);
  }

  @Override
  public synchronized MountStatus setExports(String name, ExportPolicy exports)
      throws AdminException {
    var before = find(name);
    var changed = before.withPolicy(before.policy().withExports(exports));
    mounts.put(name, changed);
    return status(changed);
  }

  @Override
  public synchronized MountStatus probeMount(String name) throws AdminException {
    var mount = find(name);
    probedBefore.remove(name);
    return status(mount);
  }

  /** Lets the store of a mount be one that an older version probed. */
  public synchronized void probedBefore(String name) {
    probedBefore.add(name);
  }

  @Override
  public FakeKeep keep() {
    return keep;
  }

  @Override
  public synchronized CheckReport check(@Nullable String mount, boolean withBytes)
      throws AdminException {
    if (mount != null) {
      find(mount);
    }
    var findings = damage.stream().limit(2).toList();
    return new CheckReport(
        6, 5, 4, withBytes ? 3 : 0, withBytes ? 2_048 : 0, damage.size(), findings);
  }

  /** Lets a check find something. */
  public synchronized void damage(Finding finding) {
    damage.add(finding);
  }

  @Override
  public synchronized List<MountStatus> mounts() {
    return mounts.values().stream().map(this::status).toList();
  }

  @Override
  public synchronized MountStatus mount(String name) throws AdminException {
    return status(find(name));
  }

  @Override
  public synchronized void deleteMount(String name, boolean force) throws AdminException {
    var mount = find(name);
    if (!force && status(mount).dirtyFiles() > 0) {
      throw new AdminException(Kind.CONFLICT, "Mount " + name + " has changes not in S3.");
    }
    mounts.remove(name);
  }

  private final List<ObjectEvent> events = new ArrayList<>();

  /** All events that were taken. */
  public synchronized List<ObjectEvent> events() {
    return List.copyOf(events);
  }

  @Override
  public synchronized RefreshResult refresh(String mount, String path, boolean recursive)
      throws AdminException {
    mount(mount);
    if (path.equals("missing")) {
      throw new AdminException(Kind.NOT_FOUND, "there is no missing in " + mount);
    }
    return new RefreshResult(recursive ? 4 : 3, 2, 1);
  }

  @Override
  public synchronized EventResult takeEvents(List<ObjectEvent> taken) {
    events.addAll(taken);
    return new EventResult(taken.size(), 0);
  }

  @Override
  public FlushResult flush(String mount, String path, boolean await) throws AdminException {
    List<DirtyEntry> covered;
    synchronized (this) {
      find(mount);
      covered = of(mount).stream().filter(e -> e.path().startsWith("/" + path)).toList();
    }
    var gate = flushGate;
    if (!await) {
      return new FlushResult(covered.size(), List.of());
    }
    if (gate != null) {
      try {
        gate.await();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    return new FlushResult(
        covered.size(), covered.stream().filter(e -> e.reason() != null).toList());
  }

  @Override
  public synchronized GatewayStatus status() {
    statusCalls.incrementAndGet();
    var all = mounts();
    return new GatewayStatus(
        THEN,
        42,
        all.stream().mapToLong(MountStatus::dirtyFiles).sum(),
        all.stream().mapToLong(MountStatus::dirtyBytes).sum(),
        all.stream().mapToLong(MountStatus::failing).sum(),
        5L << 30,
        diskBytesMax,
        Math.min(diskBytesMax, hostBytes),
        all);
  }

  @Override
  public void setDiskBytesMax(long bytes) {
    diskBytesMax = bytes;
  }

  /** Lets the host have this little left. */
  public void limitHost(long bytes) {
    hostBytes = bytes;
  }

  /** Lets another gateway write to the buckets. */
  public void meetOther(String id) {
    otherGateway = new OtherGateways.Other(id, THEN);
  }

  @Override
  public synchronized MountStatus setConflicts(String name, ConflictPolicy conflicts)
      throws AdminException {
    mounts.put(name, find(name).withConflicts(conflicts));
    return mount(name);
  }

  @Override
  public synchronized List<JobEntry> jobs(@Nullable String mount) throws AdminException {
    if (mount != null) {
      find(mount);
    }
    return List.of(
        new JobEntry(
            "data", 3, "rename", "/a", "/b", "running", 1_000, 250, 4_096, 1_024, THEN, null),
        new JobEntry(
            "data", 4, "remove", "/c", null, "failing", 9, 8, 90, 80, THEN, "access denied"));
  }

  @Override
  public synchronized List<DirtyEntry> dirty(@Nullable String mount, int max)
      throws AdminException {
    if (mount != null) {
      find(mount);
    }
    return (mount == null ? dirty : of(mount)).stream().limit(max).toList();
  }

  @Override
  public List<DirtyEntry> failing(@Nullable String mount, int max) throws AdminException {
    return dirty(mount, Integer.MAX_VALUE).stream()
        .filter(e -> e.reason() != null)
        .limit(max)
        .toList();
  }

  @Override
  public List<ConflictEntry> conflicts(@Nullable String mount, int max) {
    return List.of(
        new ConflictEntry("data", "/a", "/.bucketfs-lost+found/a", THEN, "changed in S3"));
  }

  @Override
  public List<UnmappedEntry> unmapped(@Nullable String mount, int max) {
    return List.of(new UnmappedEntry("data", "a//b", "an empty component"));
  }

  private Mount find(String name) throws AdminException {
    return Optional.ofNullable(mounts.get(name))
        .orElseThrow(
            () -> new AdminException(Kind.NOT_FOUND, "There is no mount named " + name + "."));
  }

  private synchronized List<DirtyEntry> of(String mount) {
    return dirty.stream().filter(e -> e.mount().equals(mount)).toList();
  }

  private MountStatus status(Mount mount) {
    var own = of(mount.name());
    return new MountStatus(
        mount,
        StoreTraits.FULL,
        probedBefore.contains(mount.name()),
        own.size(),
        own.stream().mapToLong(DirtyEntry::sizeBytes).sum(),
        own.isEmpty() ? null : Duration.ofSeconds(90),
        own.stream().filter(e -> e.reason() != null).count(),
        1,
        2,
        3L << 20,
        4,
        otherGateway);
  }
}
