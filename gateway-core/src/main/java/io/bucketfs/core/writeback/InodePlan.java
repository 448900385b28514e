package io.bucketfs.core.writeback;

import io.bucketfs.core.importer.ObjectForm;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.object.KeyRules;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Job;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.store.StoredUpload;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileType;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds, in one transaction, the next thing that makes the bucket agree with an inode: the
 * difference between its names, content and attributes now and the last known state of the keys
 * that belong to them. How it came to be so does not matter, so that changes collapse.
 *
 * <p>A request's job is committed by the same transaction that decides on it. A mark goes only in a
 * transaction that finds no difference.
 */
final class InodePlan {
  private static final int NAMES_MAX = 1_024;
  private static final int CHILDREN_MAX = 64;
  private static final int CYCLE_MAX = 32;
  private static final Duration CLAIMED_PAUSE = Duration.ofMillis(20);

  private final Tx tx;
  private final ActiveMount mount;
  private final int number;
  private final Claim claim;
  private final WritebackLimits limits;
  private final Supplier<String> tokens;

  InodePlan(
      Tx tx, ActiveMount mount, Claim claim, WritebackLimits limits, Supplier<String> tokens) {
    this.tx = tx;
    this.mount = mount;
    this.number = mount.mount().number();
    this.claim = claim;
    this.limits = limits;
    this.tokens = tokens;
  }

  /**
   * The next step.
   *
   * @param pinned the state of the snapshot that was taken in this attempt; null for none
   * @param mayCopy whether the object that the file is based on is believed to be there
   */
  Step next(InodeKey key, @Nullable Inode pinned, boolean mayCopy) throws IOException {
    var inode = tx.inode(key);
    if (inode == null || inode.localOnly() || inode.isRoot()) {
      return clean(key);
    }
    var names = tx.names(key, NAMES_MAX + 1);
    if (names.isEmpty()) {
      return clean(key);
    }
    if (names.size() > NAMES_MAX) {
      return failing("the file has more than " + NAMES_MAX + " names; remove some");
    }
    if (inode.isDirectory()) {
      var path = tx.path(names.getFirst());
      return path == null ? clean(key) : directory(inode, path);
    }
    if (inode.attributesPending()) {
      return new Step.ReadAttributes(inode);
    }
    var state = pinned == null ? inode : pinned;
    for (var name : names) {
      var path = tx.path(name);
      if (path != null) {
        var step = name(inode, state, path, pinned != null, mayCopy);
        if (step != null) {
          return step;
        }
      }
    }
    restOnOwnKey(inode, names);
    return agrees(inode, state) ? clean(key) : advanced(inode);
  }

  /**
   * Lets a file rest on an object under one of its names. A file that was renamed and then renamed
   * back, before the first object was deleted, is exported where it was, but rests on the object of
   * its name in between, which is to go.
   */
  private void restOnOwnKey(Inode inode, List<DirentKey> names) throws IOException {
    var content = inode.content();
    var base = content == null ? null : content.base();
    if (content == null || base == null) {
      return;
    }
    RemoteEntry same = null;
    var at = "";
    for (var name : names) {
      var path = tx.path(name);
      var key = path == null ? null : mount.keyOf(path);
      if (key == null || key.equals(base.key())) {
        return;
      }
      var remote = tx.remote(number, key);
      if (remote != null
          && remote.inode() == inode.key().number()
          && remote.content() == content.id()
          && remote.contentSequence() == content.exportedSequence()) {
        same = remote;
        at = key;
      }
    }
    if (same != null) {
      var edit = inode.edit();
      edit.content = content.withBase(new Content.Base(at, same.version(), base.length()));
      tx.put(edit.freeze());
    }
  }

  private boolean agrees(Inode inode, Inode state) {
    return sameContent(inode, state)
        && ObjectForm.metadataHash(mount.mount(), inode)
            == ObjectForm.metadataHash(mount.mount(), state);
  }

  private static boolean sameContent(Inode inode, Inode state) {
    var content = inode.content();
    var other = state.content();
    return (content == null || other == null)
        ? content == null && other == null
        : content.id() == other.id() && content.sequence() == other.sequence();
  }

  private Step clean(InodeKey key) throws IOException {
    if (tx.dirty(key) != null) {
      tx.deleteDirty(key);
    }
    return new Step.End(new Attempt.Clean());
  }

  /** What was pinned is exported, and what changed since counts from now on. */
  private Step advanced(Inode inode) throws IOException {
    var dirty = tx.dirty(inode.key());
    if (dirty != null) {
      tx.putDirty(inode.key(), dirty.advanced());
    }
    return new Step.End(new Attempt.Done(List.of()));
  }

  private static Step failing(String reason) {
    return new Step.End(new Attempt.Failing(reason));
  }

  private static Step later(String reason) {
    return new Step.End(new Attempt.Later(reason, CLAIMED_PAUSE));
  }

  /** What a key needs before anything may be sent to it; null for nothing. */
  private @Nullable Step obstacle(String key) throws IOException {
    if (!KeyRules.fits(key)) {
      return failing(
          "the key is longer than " + KeyRules.KEY_BYTES_MAX + " bytes; shorten the path: " + key);
    }
    if (!claim.take(key)) {
      return later("another export is at work on the key");
    }
    var job = tx.job(number, key);
    if (job != null) {
      return new Step.Settle(
          key, job, versionOf(tx.remote(number, key)), Completion.of(tx, number, key, job));
    }
    return null;
  }

  private static @Nullable ObjectVersion versionOf(@Nullable RemoteEntry remote) {
    return remote == null ? null : remote.version();
  }

  /** What one name of a file needs; null for nothing. */
  private @Nullable Step name(
      Inode inode, Inode state, String path, boolean isPinned, boolean mayCopy) throws IOException {
    var key = mount.keyOf(path);
    var obstacle = obstacle(key);
    if (obstacle != null) {
      return obstacle;
    }
    var remote = tx.remote(number, key);
    var hash = ObjectForm.metadataHash(mount.mount(), state);
    if (holds(remote, state, hash)) {
      return null;
    }
    var blocked = holder(key, inode);
    if (blocked != null) {
      return goesFirst(inode, blocked);
    }
    if (state.sizeBytes() > limits.objectBytesMax()) {
      return failing(
          "an object has at most " + limits.objectBytesMax() + " bytes; make the file smaller");
    }
    if (remote != null && isUnread(remote)) {
      return new Step.ReadForeign(key, remote);
    }
    var content = state.content();
    if (content == null) {
      return put(key, path, remote, state, Step.Like.of(key, remote));
    }
    var base = mayCopy ? wholeBase(inode, state) : null;
    var like = base == null ? null : tx.remote(number, base.key());
    if (base != null && like != null && isUnread(like)) {
      return new Step.ReadForeign(base.key(), like);
    }
    if (base != null && like != null) {
      var job = job(inode, content, state, hash, true);
      var upload = tx.upload(number, key);
      if (upload != null
          && isUseless(upload, job, base.length() > limits.multipart().copyBytesMax())) {
        return new Step.Abandon(key, upload);
      }
      var sent = upload == null ? job : upload.job();
      tx.putJob(number, key, sent);
      var kept = new Step.Like(base.key(), like);
      return new Step.Copy(key, path, remote, sent, state, base, kept, upload);
    }
    if (!isPinned) {
      return new Step.TakeSnapshot();
    }
    var oldBase = inode.content() == null ? null : inode.content().base();
    var kept =
        remote != null || oldBase == null
            ? Step.Like.of(key, remote)
            : Step.Like.of(oldBase.key(), tx.remote(number, oldBase.key()));
    if (kept != null && isUnread(kept.remote())) {
      return new Step.ReadForeign(kept.key(), kept.remote());
    }
    return put(key, path, remote, state, kept);
  }

  /**
   * Whether an object is there of which only its version is known. Where attributes travel with
   * objects, they were read together with the rest.
   */
  private boolean isUnread(RemoteEntry remote) {
    return remote.metadataHash() == 0
        && remote.inode() != 0
        && !mount.mount().policy().posixMetadata();
  }

  private boolean holds(@Nullable RemoteEntry remote, Inode state, long hash) {
    if (remote == null
        || remote.inode() != state.key().number()
        || !ObjectForm.carries(mount.mount(), remote, hash)) {
      return false;
    }
    var content = state.content();
    return content == null
        || (remote.content() == content.id() && remote.contentSequence() == content.sequence());
  }

  /** The base, where it is in the bucket as we know it and is all of the file's bytes. */
  private Content.@Nullable Base wholeBase(Inode inode, Inode state) throws IOException {
    var content = inode.content();
    var base = content == null ? null : content.base();
    if (content == null
        || base == null
        || content.isDirty()
        || !sameContent(inode, state)
        || base.length() != state.sizeBytes()
        || base.version().sizeBytes() != base.length()
        || (base.length() > limits.multipart().copyBytesMax()
            && !mount.traits().conditionalPartCopy())) {
      return null;
    }
    var remote = tx.remote(number, base.key());
    return remote != null
            && remote.inode() == inode.key().number()
            && remote.content() == content.id()
            && remote.version().mayEqual(base.version())
            && tx.job(number, base.key()) == null
        ? base
        : null;
  }

  private Job job(Inode inode, @Nullable Content content, Inode state, long hash, boolean copied) {
    return new Job(
        tokens.get(),
        false,
        inode.key().number(),
        content == null ? 0 : content.id(),
        content == null ? 0 : content.sequence(),
        state.sizeBytes(),
        hash,
        copied);
  }

  private Step put(
      String key,
      String path,
      @Nullable RemoteEntry expected,
      Inode state,
      Step.@Nullable Like like)
      throws IOException {
    var hash = ObjectForm.metadataHash(mount.mount(), state);
    var job = job(state, state.content(), state, hash, false);
    var upload = tx.upload(number, key);
    if (upload != null && isUseless(upload, job, isInParts(state, limits))) {
      return new Step.Abandon(key, upload);
    }
    var sent = upload == null ? job : upload.job();
    tx.putJob(number, key, sent);
    return new Step.Put(key, path, expected, sent, state, like, upload);
  }

  /** Whether the bytes of a file are written in parts. */
  static boolean isInParts(Inode state, WritebackLimits limits) {
    return state.content() != null && state.sizeBytes() >= limits.multipart().thresholdBytes();
  }

  /**
   * Whether an upload that was begun must not be gone on with. It may only be for the bytes of one
   * snapshot. Other attributes than it began with do no harm: they are put right afterwards.
   */
  private static boolean isUseless(StoredUpload upload, Job job, boolean isInParts) {
    return !(isInParts && upload.isOfContentOf(job));
  }

  // Files whose objects are in the way.

  /** Another live file that needs what is at a key, since it was moved away; or null. */
  private @Nullable Inode holder(String key, Inode self) throws IOException {
    var holder = holderOf(tx, number, key);
    return holder == null || holder.key().equals(self.key()) ? null : holder;
  }

  /** The live file with a name whose bytes are at a key, or null. */
  static @Nullable Inode holderOf(Tx tx, int mount, String key) throws IOException {
    var remote = tx.remote(mount, key);
    var inode = remote == null ? null : tx.inode(new InodeKey(mount, remote.inode()));
    var content = inode == null ? null : inode.content();
    var base = content == null ? null : content.base();
    return inode != null
            && base != null
            && !inode.localOnly()
            && base.key().equals(key)
            && base.length() > 0
            && !tx.names(inode.key(), 1).isEmpty()
        ? inode
        : null;
  }

  private Step goesFirst(Inode self, Inode holder) throws IOException {
    if (tx.dirty(holder.key()) == null) {
      tx.markDirty(holder);
    }
    var content = holder.requireContent();
    var base = content.base();
    if (base != null && waitsFor(holder, self, new HashSet<>())) {
      var like = tx.remote(number, base.key());
      if (like != null && isUnread(like)) {
        return new Step.ReadForeign(base.key(), like);
      }
      if (like != null) {
        return new Step.StepAside(holder, base, new Step.Like(base.key(), like));
      }
    }
    return new Step.End(new Attempt.Blocked(Subject.of(holder.key()), true));
  }

  /** Whether a file cannot be exported before another one, directly or through others. */
  private boolean waitsFor(Inode file, Inode other, Set<InodeKey> seen) throws IOException {
    if (!seen.add(file.key()) || seen.size() > CYCLE_MAX) {
      return false;
    }
    for (var name : tx.names(file.key(), NAMES_MAX)) {
      var path = tx.path(name);
      var next = path == null ? null : holder(mount.keyOf(path), file);
      if (next != null && (next.key().equals(other.key()) || waitsFor(next, other, seen))) {
        return true;
      }
    }
    return false;
  }

  // Directories.

  private Step directory(Inode directory, String path) throws IOException {
    var key = mount.keyOf(path + "/");
    var obstacle = obstacle(key);
    if (obstacle != null) {
      return obstacle;
    }
    var remote = tx.remote(number, key);
    if (remote != null) {
      var posix = mount.mount().policy().posixMetadata();
      if (!posix && remote.inode() == directory.key().number()) {
        return clean(directory.key());
      }
      if (isUnread(remote)) {
        return new Step.ReadForeign(key, remote);
      }
      if (posix && remote.metadataHash() == 0) {
        return directory.attributesPending()
            ? new Step.ReadAttributes(directory)
            : put(key, path + "/", remote, directory, new Step.Like(key, remote));
      }
      var hash = ObjectForm.metadataHash(mount.mount(), directory);
      return remote.metadataHash() == hash && remote.inode() == directory.key().number()
          ? clean(directory.key())
          : put(key, path + "/", remote, directory, new Step.Like(key, remote));
    }
    if (isMarkerWanted(directory)) {
      return put(key, path + "/", null, directory, null);
    }
    var from = Keys.text(number, key);
    if (!tx.scan(Family.REMOTE, from, Keys.endOfPrefix(from), 1).isEmpty()) {
      return clean(directory.key());
    }
    // Its children will show that it exists, once one of them is exported.
    var child = unexportedChild(directory);
    return child == null
        ? put(key, path + "/", null, directory, null)
        : new Step.End(new Attempt.Blocked(Subject.of(child), false));
  }

  private boolean isMarkerWanted(Inode directory) throws IOException {
    var policy = mount.mount().policy();
    if (!policy.posixMetadata()) {
      return tx.isEmptyDirectory(number, directory.key().number());
    }
    return directory.explicitTimes()
        || !directory.xattrs().isEmpty()
        || directory.uid() != policy.defaultUid()
        || directory.gid() != policy.defaultGid()
        || directory.mode() != policy.defaultDirectoryMode()
        || tx.isEmptyDirectory(number, directory.key().number());
  }

  /**
   * A child that will be exported below the directory, or null. One that was moved along with it is
   * not marked before the move's own mark is worked on; it is marked here.
   */
  private @Nullable InodeKey unexportedChild(Inode directory) throws IOException {
    var from = Keys.cookie(number, directory.key().number(), 0);
    var to = Keys.cookie(number, directory.key().number() + 1, 0);
    for (var entry : tx.scan(Family.COOKIES, from, to, CHILDREN_MAX)) {
      var child = tx.inode(new InodeKey(number, new RecordReader(entry.value()).i64()));
      if (child == null || child.localOnly()) {
        continue;
      }
      var dirty = tx.dirty(child.key());
      if (dirty == null) {
        tx.markDirty(child);
        return child.key();
      }
      if (dirty.failure() == null) {
        return child.key();
      }
    }
    return null;
  }

  /** What the body of an object without content is. */
  static byte[] smallBody(Inode inode) {
    return inode.type() == FileType.SYMLINK ? inode.target() : new byte[0];
  }
}
