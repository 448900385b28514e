package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.admin.LocalOrders;
import io.bucketfs.core.admin.Operations;
import io.bucketfs.core.check.Check;
import io.bucketfs.core.content.ContentLimits;
import io.bucketfs.core.content.Contents;
import io.bucketfs.core.importer.Changes;
import io.bucketfs.core.importer.ImportLimits;
import io.bucketfs.core.importer.Importer;
import io.bucketfs.core.importer.RecentExports;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.ConflictPolicy;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.MountRegistry;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.mount.MountTallies;
import io.bucketfs.core.mount.Quota;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.mount.Retention;
import io.bucketfs.core.namespace.Namespace;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryStores;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.residency.Residency;
import io.bucketfs.core.residency.TreeCopy;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Epoch;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.DirectorySink;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A gateway with one mount over a bucket and a local tier in memory, driven by paths. Bucket and
 * local tier outlive it, so that a test can start it again.
 */
final class World {
  static final Duration IDLE = Duration.ofSeconds(60);
  static final Duration MAX_AGE = Duration.ofMinutes(5);
  static final Caller ROOT = Caller.ROOT;

  final SimulatedExecution execution;
  final MemoryKeyValueStore metadata;
  final MemoryExtentStore extents;
  final MemoryBucket bucket;
  final MemoryStores stores;
  final Committer committer;
  final MetadataCache cache;
  final MountTable mounts = new MountTable();
  final MountTallies tallies = new MountTallies();
  final Contents contents;
  final Importer importer;
  final WriteBack writeBack;
  final MountRegistry registry;
  final Operations operations;
  final Namespace files;
  final int mount;

  private final AtomicReference<Importer> importing = new AtomicReference<>();

  /** Call inside {@link SimulatedExecution#run}. */
  World(
      SimulatedExecution execution,
      MemoryKeyValueStore metadata,
      MemoryExtentStore extents,
      MemoryBucket bucket)
      throws Exception {
    this(execution, metadata, extents, bucket, StoreTraits.FULL);
  }

  World(
      SimulatedExecution execution,
      MemoryKeyValueStore metadata,
      MemoryExtentStore extents,
      MemoryBucket bucket,
      StoreTraits traits)
      throws Exception {
    this(execution, metadata, extents, bucket, traits, RefreshPolicy.DEFAULT);
  }

  World(
      SimulatedExecution execution,
      MemoryKeyValueStore metadata,
      MemoryExtentStore extents,
      MemoryBucket bucket,
      StoreTraits traits,
      RefreshPolicy refresh)
      throws Exception {
    this(execution, metadata, extents, bucket, traits, refresh, WritebackLimits.DEFAULT);
  }

  World(
      SimulatedExecution execution,
      MemoryKeyValueStore metadata,
      MemoryExtentStore extents,
      MemoryBucket bucket,
      StoreTraits traits,
      RefreshPolicy refresh,
      WritebackLimits limits)
      throws Exception {
    this(execution, metadata, extents, bucket, traits, refresh, limits, ImportRules.ON_FILE_ACCESS);
  }

  /** A world whose data come before they are read, or do not. */
  World(
      SimulatedExecution execution,
      MemoryKeyValueStore metadata,
      MemoryExtentStore extents,
      MemoryBucket bucket,
      StoreTraits traits,
      RefreshPolicy refresh,
      WritebackLimits limits,
      ImportRules imports)
      throws Exception {
    this.execution = execution;
    this.metadata = metadata;
    this.extents = extents;
    this.bucket = bucket;
    stores = new MemoryStores(execution);
    stores.add("bucket", bucket);
    cache = new MetadataCache(metadata, 100_000);
    committer = new Committer(metadata, cache, execution, Meters.NONE);
    var epoch = Epoch.open(committer, false, execution.randomLong());
    var recent = new RecentExports();
    contents =
        new Contents(
            extents,
            committer,
            cache,
            mounts,
            importing::get,
            execution,
            Meters.NONE,
            ContentLimits.ofDisk(1L << 40),
            epoch);
    importer =
        new Importer(
            committer,
            cache,
            mounts,
            contents,
            contents.copies(),
            recent,
            tallies,
            execution,
            ImportLimits.DEFAULT,
            Meters.NONE);
    importing.set(importer);
    writeBack =
        new WriteBack(
            committer,
            cache,
            mounts,
            contents,
            importer,
            recent,
            tallies,
            epoch,
            execution,
            limits,
            Meters.NONE);
    registry = new MountRegistry(committer, cache, mounts, tallies, execution);
    files = new Namespace(committer, cache, mounts, contents, importer, epoch);
    operations =
        new Operations(
            registry,
            mounts,
            tallies,
            cache,
            importer,
            writeBack,
            stores,
            (_, _, _) -> traits,
            new Check(committer, cache, extents, mounts, execution),
            epoch,
            contents,
            new LocalOrders(
                mounts,
                new Residency(cache, contents.copies(), importer, execution),
                new TreeCopy(files, execution),
                execution),
            execution);
    registry.open(stores);
    if (mounts.byName("data") == null) {
      registry.add(
          "data",
          location(),
          "",
          policy().withRefresh(refresh).with(imports, Retention.DEFAULT),
          Access.OPEN,
          Quota.NONE,
          traits,
          bucket.connect());
    }
    mount = require("data").mount().number();
    contents.start(false);
    writeBack.start();
  }

  static BucketLocation location() {
    return new BucketLocation(
        "bucket", "us-east-1", null, true, new BucketLocation.Credentials.DefaultChain());
  }

  static Mount.Policy policy() {
    return new Mount.Policy(false, IDLE, MAX_AGE, 0, 0, 0644, 0755);
  }

  ActiveMount require(String name) {
    var active = mounts.byName(name);
    if (active == null) {
      throw new AssertionError("no mount " + name);
    }
    return active;
  }

  /** Lets the mount have another rule for conflicts. */
  void conflicts(ConflictPolicy policy) throws Exception {
    operations.setConflicts("data", policy);
  }

  // By path.

  FileId root() {
    return FileId.root(mount);
  }

  /** The file at a path; throws NOT_FOUND. */
  Attributes at(String path) throws FileSystemException {
    var at = files.attributes(root(), Patience.FOREVER);
    for (var from = 0; from < path.length(); ) {
      var slash = path.indexOf('/', from);
      var to = slash < 0 ? path.length() : slash;
      at = files.lookup(ROOT, at.id(), path.substring(from, to), Patience.FOREVER);
      from = to + 1;
    }
    return at;
  }

  boolean exists(String path) throws FileSystemException {
    try {
      at(path);
      return true;
    } catch (FileSystemException e) {
      if (e.error() != FsError.NOT_FOUND) {
        throw e;
      }
      return false;
    }
  }

  private static String parentOf(String path) {
    var slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  private static String nameOf(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  FileId write(String path, String text) throws FileSystemException {
    var created =
        files.create(
            ROOT,
            at(parentOf(path)).id(),
            nameOf(path),
            new CreateMode.Unchecked(),
            SetAttributes.ofSize(0),
            Patience.FOREVER);
    var id = created.attributes().id();
    if (!text.isEmpty()) {
      overwrite(id, 0, text);
    }
    return id;
  }

  void overwrite(FileId file, long offset, String text) throws FileSystemException {
    var data = Unpooled.copiedBuffer(text, UTF_8);
    try {
      files.write(file, offset, data, Stability.FILE_SYNC, Patience.FOREVER);
    } finally {
      data.release();
    }
  }

  String read(String path) throws FileSystemException {
    return read(at(path).id());
  }

  String read(FileId file) throws FileSystemException {
    var result = files.read(file, 0, 1 << 20, Patience.FOREVER);
    try {
      return result.data().toString(UTF_8);
    } finally {
      result.data().release();
    }
  }

  FileId mkdir(String path) throws FileSystemException {
    return make(path, new NewNode.Directory());
  }

  FileId make(String path, NewNode node) throws FileSystemException {
    return files
        .make(
            ROOT, at(parentOf(path)).id(), nameOf(path), node, SetAttributes.NONE, Patience.FOREVER)
        .attributes()
        .id();
  }

  void remove(String path) throws FileSystemException {
    files.remove(ROOT, at(parentOf(path)).id(), nameOf(path), Patience.FOREVER);
  }

  void rename(String from, String to) throws FileSystemException {
    files.rename(
        ROOT,
        at(parentOf(from)).id(),
        nameOf(from),
        at(parentOf(to)).id(),
        nameOf(to),
        Patience.FOREVER);
  }

  void link(String from, String to) throws FileSystemException {
    files.link(ROOT, at(from).id(), at(parentOf(to)).id(), nameOf(to), Patience.FOREVER);
  }

  /** Names in a directory, in order of listing. */
  List<String> list(String path) throws FileSystemException {
    var names = new ArrayList<String>();
    DirectorySink sink =
        (_, name, _) -> {
          names.add(name);
          return true;
        };
    files.readDirectory(ROOT, at(path).id(), 0, true, sink, Patience.FOREVER);
    return names;
  }

  /** All paths below a directory, as {@code find} visits them. */
  List<String> find(String path) throws FileSystemException {
    var found = new ArrayList<String>();
    for (var name : list(path)) {
      var child = path.isEmpty() ? name : path + "/" + name;
      found.add(child);
      if (at(child).type() == FileType.DIRECTORY) {
        found.addAll(find(child));
      }
    }
    return found;
  }

  /** Compares what is at a path with the bucket, as an operator orders it. */
  Changes refresh(String path, boolean recursive) throws Exception {
    return importer.refresh().run(require("data"), path, recursive);
  }

  WriteBack.Flushed flush() throws Exception {
    return writeBack.flush(mount, "", true);
  }

  WriteBack.Backlog backlog() {
    return writeBack.backlog(mount);
  }

  /** The text of an object; null where there is none. */
  @Nullable String object(String key) {
    var bytes = bucket.foreign().get(key);
    return bytes == null ? null : new String(bytes, UTF_8);
  }

  /** The user metadata of an object; empty where there is none. */
  Map<String, String> metadata(String key) {
    var head = bucket.foreign().head(key);
    return head == null ? Map.of() : head.metadata();
  }

  void foreignPut(String key, String text) {
    bucket.foreign().put(key, text.getBytes(UTF_8));
  }
}
