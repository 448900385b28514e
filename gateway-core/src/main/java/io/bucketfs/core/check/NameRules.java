package io.bucketfs.core.check;

import io.bucketfs.core.check.Finding.Kind;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.store.Dirent;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Dirty;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.Paths;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The rules about inodes, their names and the dirty queue of one mount. */
final class NameRules {
  /** Of a file with more names only so many are compared with the bucket. */
  private static final int COMPARED_NAMES_MAX = 16;

  /** So many marks of keys that lost their names are looked through for directories that moved. */
  private static final int MARKS_MAX = 1_000;

  private static final int ATTEMPTS_MAX = 5;

  private final Search search;
  private final ActiveMount mount;
  private final int number;
  private long inodes;
  private long names;

  /** The directory whose names are being visited, and how many directories are in it. */
  private long directory;

  private long subdirectories;

  NameRules(Search search, ActiveMount mount) {
    this.search = search;
    this.mount = mount;
    number = mount.mount().number();
  }

  long inodes() {
    return inodes;
  }

  long names() {
    return names;
  }

  void run() throws IOException, FileSystemException, InterruptedException {
    var prefix = Keys.mount(number);
    search.each(
        Family.INODES,
        prefix,
        entry -> {
          inodes++;
          var key = InodeKey.ofEntry(entry.key());
          search.apply(view -> inode(view, key));
          search.apply(view -> exported(view, key));
        });
    search.each(Family.DIRENTS, prefix, entry -> name(entry.key(), entry.value()));
    endOfDirectory();
    search.each(Family.COOKIES, prefix, entry -> search.apply(view -> cookie(view, entry.key())));
    search.each(Family.LINKS, prefix, entry -> search.apply(view -> link(view, entry.key())));
  }

  private Finding wrong(Kind kind, String subject, String detail) {
    return new Finding(kind, mount.mount().name(), subject, detail);
  }

  private Finding wrong(Kind kind, InodeKey inode, String detail) {
    return wrong(kind, "inode " + inode.number(), detail);
  }

  private Finding wrong(Kind kind, DirentKey name, String detail) {
    return wrong(kind, "name '" + name.name() + "' in inode " + name.directory(), detail);
  }

  // Inodes.

  private @Nullable Finding inode(View view, InodeKey key) throws IOException {
    var inode = view.inode(key);
    if (inode == null) {
      return null;
    }
    if ((inode.type() == FileType.FILE) != (inode.content() != null)) {
      return wrong(Kind.INODE, key, "a " + inode.type() + " has the content of another type");
    }
    if (inode.isRoot()) {
      return null;
    }
    var links = links(view, key);
    if (inode.isDirectory()) {
      var dirent = dirent(view, new DirentKey(number, inode.parent(), inode.name()));
      return links == 1 && dirent != null && dirent.inode() == key.number()
          ? null
          : wrong(Kind.INODE, key, "a directory that its parent does not have");
    }
    if (links != inode.links()) {
      return wrong(
          Kind.LINK_COUNT, key, "has " + links + " names and a link count of " + inode.links());
    }
    var content = inode.content();
    return links > 0
            || (content != null
                && view.get(Family.ORPHANS, Keys.inode(number, content.id())) != null)
        ? null
        : wrong(Kind.INODE, key, "has no name, and nothing is going to free it");
  }

  private static long links(View view, InodeKey key) throws IOException {
    return view.scan(
            Family.LINKS,
            Keys.inode(key.mount(), key.number()),
            Keys.inode(key.mount(), key.number() + 1),
            Integer.MAX_VALUE)
        .size();
  }

  /** What is not in the dirty queue is in the bucket. */
  private @Nullable Finding exported(View view, InodeKey key) throws IOException {
    var inode = view.inode(key);
    if (inode == null
        || inode.isDirectory()
        || inode.localOnly()
        || inode.links() == 0
        || inode.attributesPending()
        || view.get(Family.DIRTY, Keys.inode(number, key.number())) != null) {
      return null;
    }
    for (var entry :
        view.scan(
            Family.LINKS,
            Keys.inode(number, key.number()),
            Keys.inode(number, key.number() + 1),
            COMPARED_NAMES_MAX)) {
      var name = DirentKey.ofLink(entry.key());
      var path = Paths.path(name, view::inode);
      if (path != null && !isInBucket(view, inode, mount.keyOf(path)) && !isMoving(view, inode)) {
        return wrong(
            Kind.DIRTY_QUEUE, "/" + path, "is not in the bucket, and nothing is going to put it");
      }
    }
    return null;
  }

  /**
   * Whether a directory above it was renamed, and what is below that is not marked one by one yet:
   * the mark stands at the prefix where its object still is.
   */
  private boolean isMoving(View view, Inode inode) throws IOException {
    var base = inode.content() == null ? null : inode.content().base();
    if (base == null || base.length() == 0) {
      return isAnyMoving(view);
    }
    var key = base.key();
    for (var slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      var mark = view.get(Family.STALE, Keys.text(number, key.substring(0, slash + 1)));
      if (mark != null && Dirty.decode(mark).subtree()) {
        return true;
      }
    }
    return false;
  }

  /** Of what has no bytes it is not known where its object is. */
  private boolean isAnyMoving(View view) throws IOException {
    var to = Objects.requireNonNull(Keys.endOfPrefix(Keys.mount(number)));
    return view.scan(Family.STALE, Keys.mount(number), to, MARKS_MAX).stream()
        .anyMatch(mark -> Dirty.decode(mark.value()).subtree());
  }

  private boolean isInBucket(View view, Inode inode, String key) throws IOException {
    var value = view.get(Family.REMOTE, Keys.text(number, key));
    if (value == null) {
      return false;
    }
    var remote = RemoteEntry.decode(value);
    var content = inode.content();
    return remote.inode() == inode.key().number()
        && (content == null
            || (remote.content() == content.id()
                && remote.contentSequence() == content.sequence()));
  }

  // Names.

  private static @Nullable Dirent dirent(View view, DirentKey name) throws IOException {
    var value = view.get(Family.DIRENTS, Keys.dirent(name.mount(), name.directory(), name.name()));
    return value == null ? null : Dirent.decode(value);
  }

  private void name(byte[] key, byte[] value)
      throws IOException, FileSystemException, InterruptedException {
    names++;
    var name = DirentKey.ofEntry(key);
    if (name.directory() != directory) {
      endOfDirectory();
      directory = name.directory();
      subdirectories = 0;
    }
    var child = search.outside().inode(new InodeKey(number, Dirent.decode(value).inode()));
    if (child != null && child.isDirectory()) {
      subdirectories++;
    }
    search.apply(view -> name(view, name));
  }

  private @Nullable Finding name(View view, DirentKey name) throws IOException {
    var dirent = dirent(view, name);
    if (dirent == null) {
      return null;
    }
    var parent = view.inode(new InodeKey(number, name.directory()));
    if (parent == null || !parent.isDirectory()) {
      return wrong(Kind.NAME, name, "is in a directory that is not there");
    }
    var child = view.inode(new InodeKey(number, dirent.inode()));
    if (child == null) {
      return wrong(Kind.NAME, name, "leads to inode " + dirent.inode() + ", which is not there");
    }
    if (child.isDirectory()
        && (child.parent() != name.directory() || !child.name().equals(name.name()))) {
      return wrong(Kind.NAME, name, "is a second name of directory " + dirent.inode());
    }
    if (view.get(Family.COOKIES, Keys.cookie(number, name.directory(), dirent.cookie())) == null
        || dirent.cookie() >= parent.nextCookie()) {
      return wrong(Kind.NAME, name, "is not listed in its directory");
    }
    return view.get(Family.LINKS, Keys.link(number, dirent.inode(), name.directory(), name.name()))
            == null
        ? wrong(Kind.NAME, name, "is not known to its inode")
        : null;
  }

  private @Nullable Finding cookie(View view, byte[] key) throws IOException {
    var value = view.get(Family.COOKIES, key);
    if (value == null) {
      return null;
    }
    var reader = new RecordReader(key);
    reader.i32();
    var listed = reader.i64();
    var cookie = reader.i64();
    var entry = new RecordReader(value);
    var child = entry.i64();
    var name = new DirentKey(number, listed, entry.restText());
    var dirent = dirent(view, name);
    return dirent != null && dirent.cookie() == cookie && dirent.inode() == child
        ? null
        : wrong(Kind.NAME, name, "is listed and not there");
  }

  private @Nullable Finding link(View view, byte[] key) throws IOException {
    if (view.get(Family.LINKS, key) == null) {
      return null;
    }
    var name = DirentKey.ofLink(key);
    var dirent = dirent(view, name);
    return dirent != null && dirent.inode() == InodeKey.ofEntry(key).number()
        ? null
        : wrong(Kind.NAME, name, "is a name of an inode that it does not lead to");
  }

  /** The link count of a directory: its own name, itself, and those in it. */
  private void endOfDirectory() throws IOException, FileSystemException, InterruptedException {
    var key = new InodeKey(number, directory);
    var inode = directory == 0 ? null : search.outside().inode(key);
    if (inode == null || !inode.isDirectory() || inode.links() == subdirectories + 2) {
      return;
    }
    for (var attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      var before = search.outside().inode(key);
      var count = countSubdirectories();
      var after = search.outside().inode(key);
      if (before == null || after == null) {
        return;
      }
      if (before.change() == after.change()) {
        if (after.links() != count + 2) {
          search.add(
              wrong(
                  Kind.LINK_COUNT,
                  key,
                  "has " + count + " directories and a link count of " + after.links()));
        }
        return;
      }
    }
  }

  private long countSubdirectories() throws IOException, FileSystemException, InterruptedException {
    var count = new long[1];
    search.each(
        Family.DIRENTS,
        Keys.inode(number, directory),
        entry -> {
          var child =
              search.outside().inode(new InodeKey(number, Dirent.decode(entry.value()).inode()));
          if (child != null && child.isDirectory()) {
            count[0]++;
          }
        });
    return count[0];
  }

  /** Whether the mount has a root at all. */
  void requireRoot() throws IOException, FileSystemException {
    search.apply(view ->
        view.inode(new InodeKey(number, FileId.ROOT_INODE)) == null
            ? wrong(Kind.INODE, "/", "the mount has no root")
            : null);
  }
}
