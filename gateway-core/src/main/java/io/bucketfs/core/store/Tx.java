package io.bucketfs.core.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.local.Note;
import io.bucketfs.core.object.MultipartStore;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Outcome;
import io.bucketfs.core.vfs.Rider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one transaction reads and writes. Reads see the writes of this transaction and of those
 * before it, committed or still in the same batch. Used only while the transaction runs, by its
 * thread.
 */
public final class Tx {
  private final Batch batch;
  private final KeyValueStore store;
  private final MetadataCache cache;
  private final UsageTable usages;
  private final FirstNames firstNames;
  private final Committer.RemoteListener remoteListener;
  private final long nowNanos;
  private final BulkJobs bulkJobs;

  /** Inodes that this transaction makes, of which nothing can be stored. */
  private final Set<InodeKey> made = new HashSet<>();

  private final Map<Integer, Charges> charges = new HashMap<>();

  /** What this transaction changes in the counters of a mount. */
  private static final class Charges {
    private final List<UsageTable.Charge> list = new ArrayList<>();
    private long released;
  }

  @SuppressWarnings("this-escape") // only kept, not used before this is made
  Tx(
      Batch batch,
      KeyValueStore store,
      MetadataCache cache,
      UsageTable usages,
      FirstNames firstNames,
      Committer.RemoteListener remoteListener,
      long nowNanos) {
    this.batch = batch;
    this.store = store;
    this.cache = cache;
    this.usages = usages;
    this.firstNames = firstNames;
    this.remoteListener = remoteListener;
    this.nowNanos = nowNanos;
    bulkJobs = new BulkJobs(this);
  }

  /** The time of this transaction, nanoseconds since the epoch. */
  public long nowNanos() {
    return nowNanos;
  }

  /**
   * Runs the action once this transaction is durable and published, before its caller hears of it.
   */
  public void afterCommit(Runnable action) {
    batch.afterCommit(action);
  }

  // Raw access.

  public byte @Nullable [] get(Family family, byte[] key) throws IOException {
    var pending = batch.get(family, key);
    if (pending != null) {
      return pending.value();
    }
    return store.get(family, key);
  }

  public void put(Family family, byte[] key, byte[] value) {
    batch.put(family, key, value);
  }

  public void delete(Family family, byte[] key) {
    batch.put(family, key, null);
  }

  /**
   * Deletes every key with {@code from <= key < to} after all other changes of the batch. Reads of
   * the same batch still see them: only for state that nobody uses any longer.
   */
  public void deleteRange(Family family, byte[] from, byte[] to) {
    batch.deleteRange(family, from, to);
  }

  /** Entries with {@code from <= key < to}, in order, at most {@code max}. */
  public List<Entry> scan(Family family, byte[] from, byte @Nullable [] to, int max)
      throws IOException {
    return batch.merge(family, from, to, max, store);
  }

  /** The last entry with {@code from <= key <= at}, or null. */
  public @Nullable Entry floor(Family family, byte[] from, byte[] at) throws IOException {
    return batch.floor(family, from, at, store);
  }

  // The protocol's notes.

  public void note(Note note) {
    var key = Keys.note(note.key());
    var value = note.value();
    if (value == null) {
      delete(Family.NOTES, key);
    } else {
      put(Family.NOTES, key, value);
    }
  }

  /** Lets the caller's rider note the outcome; the last step of a transaction. */
  public <T extends Outcome> T noted(Caller caller, T outcome) throws FileSystemException {
    return noted(caller.rider(), outcome);
  }

  /** Lets a rider note the outcome; the last step of a transaction. */
  public <T extends Outcome> T noted(Rider rider, T outcome) throws FileSystemException {
    rider.ride(outcome, this::note);
    return outcome;
  }

  // Inodes.

  public @Nullable Inode inode(InodeKey key) throws IOException {
    var pending = batch.inode(key);
    if (pending != null) {
      return pending.inode();
    }
    var cached = cache.inodeIfPresent(key);
    if (cached != null) {
      return cached;
    }
    var value = store.get(Family.INODES, Keys.inode(key.mount(), key.number()));
    return value == null ? null : Inode.decode(key, value);
  }

  /** As {@link #inode}; a missing one is STALE. */
  public Inode requireInode(InodeKey key) throws IOException, FileSystemException {
    var inode = inode(key);
    if (inode == null) {
      throw new FileSystemException(FsError.STALE);
    }
    return inode;
  }

  public void put(Inode inode) throws IOException {
    charge(inode.key(), inode);
    batch.putInode(inode.key(), inode);
  }

  public void deleteInode(InodeKey key) throws IOException {
    charge(key, null);
    batch.putInode(key, null);
  }

  private void charge(InodeKey key, @Nullable Inode after) throws IOException {
    var isNew = batch.inode(key) == null && made.contains(key);
    var delta = Usage.of(after).minus(Usage.of(isNew ? null : inode(key)));
    if (!delta.equals(Usage.NONE)) {
      chargesOf(key.mount()).list.add(new UsageTable.Charge(key, delta));
    }
  }

  private Charges chargesOf(int mount) {
    return charges.computeIfAbsent(mount, _ -> new Charges());
  }

  /** Ends a reservation of bytes ({@link UsageTable#reserve}) with what this transaction takes. */
  public void release(int mount, long bytes) {
    if (bytes != 0) {
      chargesOf(mount).released += bytes;
    }
  }

  /**
   * Refuses the transaction where its mounts take more by it than their quotas allow. After its
   * last change of an inode, and before anything that a failure would not undo.
   */
  public void requireQuota() throws FileSystemException {
    if (!settle(true)) {
      throw new FileSystemException(FsError.QUOTA);
    }
  }

  /** Moves the counters. */
  boolean settle(boolean enforced) {
    for (var each : charges.entrySet()) {
      int mount = each.getKey();
      var list = List.copyOf(each.getValue().list);
      var released = each.getValue().released;
      if (!usages.apply(mount, list, released, enforced)) {
        return false;
      }
      batch.charged(mount, () -> usages.undo(mount, list, released));
    }
    charges.clear();
    return true;
  }

  /** As {@link #inode}, but past what is in memory. */
  public @Nullable Inode storedInode(InodeKey key) throws IOException {
    var pending = batch.inode(key);
    if (pending != null) {
      return pending.inode();
    }
    var value = store.get(Family.INODES, Keys.inode(key.mount(), key.number()));
    return value == null ? null : Inode.decode(key, value);
  }

  /** The inode of an entry that was scanned, as this transaction sees it. */
  @Nullable Inode inodeOf(InodeKey key, Entry entry) {
    var pending = batch.inode(key);
    return pending == null ? Inode.decode(key, entry.value()) : pending.inode();
  }

  /** Inodes of a mount with higher numbers that are in the batch. */
  List<Inode> unstoredInodes(int mount, long above) {
    var found = new ArrayList<Inode>();
    batch
        .inodes()
        .forEach((key, pending) -> {
          var inode = pending.inode();
          if (key.mount() == mount && key.number() > above && inode != null) {
            found.add(inode);
          }
        });
    return found;
  }

  /** A number for a new inode of the mount, never given before. */
  public long newInode(int mount) throws IOException {
    var number = next(Counters.inode(mount), FileId.ROOT_INODE + 1);
    made.add(new InodeKey(mount, number));
    return number;
  }

  /** An id for a new content, never given before in this gateway. */
  public long newContent() throws IOException {
    return next(Counters.content(), 1);
  }

  /** A number for a new mount, never given before. */
  public int newMount() throws IOException {
    return Math.toIntExact(next(Counters.mount(), 1));
  }

  /** A number for a new job of many objects, never given before in this gateway. */
  long newBulkJob() throws IOException {
    return next(Counters.bulkJob(), 1);
  }

  private long next(byte[] key, long first) throws IOException {
    var stored = get(Family.GATEWAY, key);
    var number = stored == null ? first : new RecordReader(stored).i64();
    put(Family.GATEWAY, key, Keys.number(number + 1));
    return number;
  }

  // Names.

  public @Nullable Dirent dirent(int mount, long directory, String name) throws IOException {
    var value = get(Family.DIRENTS, Keys.dirent(mount, directory, name));
    return value == null ? null : Dirent.decode(value);
  }

  /**
   * Adds a name, with the directory's next cookie.
   *
   * @param directory what is being changed: its cookie counter moves on; the caller puts it
   */
  public void putDirent(Inode.Edit directory, String name, long child) {
    var mount = directory.key.mount();
    var number = directory.key.number();
    var cookie = directory.nextCookie++;
    var dirent = new Dirent(child, cookie);
    put(Family.DIRENTS, Keys.dirent(mount, number, name), dirent.encode());
    put(
        Family.COOKIES,
        Keys.cookie(mount, number, cookie),
        new RecordWriter(8 + name.length()).i64(child).rawText(name).toBytes());
    put(Family.LINKS, Keys.link(mount, child, number, name), NOTHING);
    batch.dirent(new DirentKey(mount, number, name), child);
  }

  private static final byte[] NOTHING = {};

  public void deleteDirent(int mount, long directory, String name, Dirent dirent) {
    delete(Family.DIRENTS, Keys.dirent(mount, directory, name));
    delete(Family.COOKIES, Keys.cookie(mount, directory, dirent.cookie()));
    delete(Family.LINKS, Keys.link(mount, dirent.inode(), directory, name));
    batch.dirent(new DirentKey(mount, directory, name), MetadataCache.ABSENT);
  }

  public boolean isEmptyDirectory(int mount, long directory) throws IOException {
    return firstNames.isEmpty(this, new InodeKey(mount, directory));
  }

  /** All names of an inode that is not a mount's root; at most {@code max}. */
  public List<DirentKey> names(InodeKey inode, int max) throws IOException {
    var from = Keys.inode(inode.mount(), inode.number());
    return MetadataCache.decodeLinks(
        scan(Family.LINKS, from, Keys.inode(inode.mount(), inode.number() + 1), max));
  }

  /**
   * The path of a name inside its mount, without a leading slash; it is the object's key below the
   * mount's prefix. Null where the name hangs below a directory that is gone.
   */
  public @Nullable String path(DirentKey name) throws IOException {
    return Paths.path(name, this::inode);
  }

  // Bucket.

  public @Nullable RemoteEntry remote(int mount, String key) throws IOException {
    var value = get(Family.REMOTE, Keys.text(mount, key));
    return value == null ? null : RemoteEntry.decode(value);
  }

  public void putRemote(int mount, String key, RemoteEntry entry) {
    put(Family.REMOTE, Keys.text(mount, key), entry.encode());
    remoteListener.changed(mount, key);
  }

  public void deleteRemote(int mount, String key) {
    delete(Family.REMOTE, Keys.text(mount, key));
    remoteListener.changed(mount, key);
  }

  public @Nullable Dirty dirty(InodeKey inode) throws IOException {
    var value = get(Family.DIRTY, Keys.inode(inode.mount(), inode.number()));
    return value == null ? null : Dirty.decode(value);
  }

  /**
   * Notes that an inode differs from the bucket, as of now. Inodes that stay local are left out.
   */
  public void markDirty(Inode inode) throws IOException {
    markDirty(inode, 0);
  }

  /**
   * As {@link #markDirty(Inode)}, for content.
   *
   * @param writtenBytes what was written to the file
   */
  public void markDirty(Inode inode, long writtenBytes) throws IOException {
    if (inode.localOnly() || inode.isRoot()) {
      return;
    }
    var old = dirty(inode.key());
    // What is changed again is more than a part of a job.
    var now = old == null ? Dirty.since(nowNanos, false) : old.changedAgain(nowNanos).ofJob(0);
    putDirty(inode.key(), now.written(writtenBytes));
  }

  public void putDirty(InodeKey inode, Dirty dirty) {
    put(Family.DIRTY, Keys.inode(inode.mount(), inode.number()), dirty.encode());
    batch.dirtied(inode.mount(), inode, null, dirty);
  }

  public void deleteDirty(InodeKey inode) {
    delete(Family.DIRTY, Keys.inode(inode.mount(), inode.number()));
    batch.dirtied(inode.mount(), inode, null, null);
  }

  public @Nullable Dirty stale(int mount, String key) throws IOException {
    var value = get(Family.STALE, Keys.text(mount, key));
    return value == null ? null : Dirty.decode(value);
  }

  /**
   * Notes that the bucket may hold an object at a key where the namespace has none, as of now.
   *
   * @param subtree whether the key is a prefix, and all below it is meant
   */
  public void markStale(int mount, String key, boolean subtree) throws IOException {
    var old = stale(mount, key);
    putStale(mount, key, old == null ? Dirty.since(nowNanos, subtree) : old.changedAgain(nowNanos));
  }

  public void putStale(int mount, String key, Dirty dirty) throws IOException {
    bulkJobs.changed(mount, stale(mount, key), dirty);
    put(Family.STALE, Keys.text(mount, key), dirty.encode());
    batch.dirtied(mount, null, key, dirty);
  }

  public void deleteStale(int mount, String key) throws IOException {
    bulkJobs.changed(mount, stale(mount, key), null);
    delete(Family.STALE, Keys.text(mount, key));
    batch.dirtied(mount, null, key, null);
  }

  /** Takes away the mark of a key, but not that of a prefix, whose directory moved meanwhile. */
  public void deleteStaleKey(int mount, String key) throws IOException {
    var mark = stale(mount, key);
    if (mark != null && !mark.subtree()) {
      deleteStale(mount, key);
    }
  }

  /** The renames and removals of many objects. */
  public BulkJobs bulkJobs() {
    return bulkJobs;
  }

  public @Nullable Job job(int mount, String key) throws IOException {
    var value = get(Family.JOBS, Keys.text(mount, key));
    return value == null ? null : Job.decode(value);
  }

  public void putJob(int mount, String key, Job job) {
    put(Family.JOBS, Keys.text(mount, key), job.encode());
  }

  public void deleteJob(int mount, String key) {
    delete(Family.JOBS, Keys.text(mount, key));
  }

  public @Nullable StoredUpload upload(int mount, String key) throws IOException {
    var value = get(Family.UPLOADS, Keys.text(mount, key));
    return value == null ? null : StoredUpload.decode(value);
  }

  public void putUpload(int mount, String key, StoredUpload upload) {
    put(Family.UPLOADS, Keys.text(mount, key), upload.encode());
  }

  /** Forgets an upload and its parts, which nobody adds to any longer. */
  public void deleteUpload(int mount, String key, StoredUpload upload) {
    delete(Family.UPLOADS, Keys.text(mount, key));
    deleteRange(
        Family.PARTS,
        Keys.part(mount, upload.number(), 0),
        Keys.part(mount, upload.number(), Integer.MAX_VALUE));
  }

  public void putPart(int mount, StoredUpload upload, StoredPart part) {
    put(Family.PARTS, Keys.part(mount, upload.number(), part.part().number()), part.encode());
  }

  /** The parts of an upload that the bucket has, by number. */
  public List<StoredPart> parts(int mount, StoredUpload upload) throws IOException {
    return scan(
            Family.PARTS,
            Keys.part(mount, upload.number(), 0),
            Keys.part(mount, upload.number(), Integer.MAX_VALUE),
            MultipartStore.PARTS_MAX)
        .stream()
        .map(entry -> StoredPart.decode(entry.value()))
        .toList();
  }

  public void putConflict(int mount, Conflict conflict) {
    put(
        Family.CONFLICTS,
        new RecordWriter(64)
            .i32(mount)
            .i64(Long.MAX_VALUE - conflict.timeNanos())
            .rawText(conflict.kept())
            .toBytes(),
        conflict.encode());
  }

  public void putUnmapped(int mount, String key, String reason) {
    put(Family.UNMAPPED, Keys.text(mount, key), reason.getBytes(UTF_8));
  }

  // Extents.

  /** Extents that overlap a range of a content, in order. */
  public List<Extent> extents(int mount, long content, long from, long to) throws IOException {
    return extents(mount, content, from, to, Integer.MAX_VALUE);
  }

  /** As {@link #extents(int, long, long, long)}, but no more than so many and a page. */
  public List<Extent> extents(int mount, long content, long from, long to, int max)
      throws IOException {
    var found = new ArrayList<Extent>();
    var start = Keys.extent(mount, content, from);
    var before = floor(Family.EXTENTS, Keys.extent(mount, content, 0), start);
    if (before != null) {
      var extent = Extent.ofEntry(before);
      if (extent.end() > from && extent.offset() < from) {
        found.add(extent);
      }
    }
    var next = start;
    var end = Keys.extent(mount, content, to);
    while (true) {
      var page = scan(Family.EXTENTS, next, end, PAGE);
      for (var entry : page) {
        found.add(Extent.ofEntry(entry));
      }
      if (page.size() < PAGE || found.size() > max) {
        return found;
      }
      next = Keys.after(page.getLast().key());
    }
  }

  private static final int PAGE = 256;

  /** Stores an extent; where it has a record, the record is referred to and its bytes are live. */
  public void putExtent(InodeKey inode, long content, Extent extent) throws IOException {
    var mount = inode.mount();
    put(Family.EXTENTS, Keys.extent(mount, content, extent.offset()), extent.encode());
    var record = extent.record();
    if (record != null) {
      put(
          Family.REFERENCES,
          Keys.reference(record.file(), record.position(), mount, content, extent.offset()),
          Keys.number(inode.number()));
      addLiveBytes(record.file(), extent.length());
    }
  }

  public void deleteExtent(int mount, long content, Extent extent) throws IOException {
    delete(Family.EXTENTS, Keys.extent(mount, content, extent.offset()));
    var record = extent.record();
    if (record != null) {
      delete(
          Family.REFERENCES,
          Keys.reference(record.file(), record.position(), mount, content, extent.offset()));
      addLiveBytes(record.file(), -extent.length());
    }
  }

  private void addLiveBytes(long file, long delta) throws IOException {
    var key = Keys.number(file);
    var stored = get(Family.FILES, key);
    var live = (stored == null ? 0 : new RecordReader(stored).i64()) + delta;
    put(Family.FILES, key, Keys.number(live));
  }

  /** Forgets what is known of an extent file that is gone. */
  public void deleteFile(long file) {
    delete(Family.FILES, Keys.number(file));
  }

  /** Hands a content's extents to the reaper. */
  public void orphan(InodeKey inode, long content) {
    put(
        Family.ORPHANS,
        Keys.inode(inode.mount(), content),
        Keys.number(Objects.requireNonNull(inode).number()));
    batch.orphaned();
  }
}
