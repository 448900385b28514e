package io.bucketfs.core.importer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.object.KeyRules;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.store.Dirent;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordWriter;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds where a page of a directory's listing and the committed state differ, with one pass over
 * the known keys of the range that the page covers, outside of any transaction. Where nothing
 * changed nothing is committed; memory is bounded by the page, however much is known or gone.
 */
final class PageComparison {
  private static final int SCAN_PAGE = 256;
  private static final int GONE_MAX = 512;

  private final MetadataCache cache;
  private final int mount;
  private final int pathStart;
  private final Inode directory;
  private final String prefix;

  /**
   * @param directory what is listed
   * @param prefix its children's, which is the key of its marker
   */
  PageComparison(MetadataCache cache, Mount mount, Inode directory, String prefix) {
    this.cache = cache;
    this.mount = mount.number();
    this.pathStart = mount.prefix().length();
    this.directory = directory;
    this.prefix = prefix;
  }

  /** Gets what differs, in portions. */
  interface Sink {
    void differs(PageDifference difference) throws FileSystemException, IOException;

    /** A directory is known here whose keys are no longer there. */
    void directoryGone(Inode child) throws FileSystemException, IOException;
  }

  /**
   * Compares a page.
   *
   * @param range what it covers; null where what it does not show says nothing
   */
  void compare(ObjectStore.Listing page, @Nullable PageRange range, Sink sink)
      throws FileSystemException, IOException {
    var pending = new HashMap<String, ObjectStore.Entry>();
    page.entries().forEach(entry -> pending.put(entry.key(), entry));
    var shown = new HashSet<>(pending.keySet());
    shown.addAll(page.commonPrefixes());
    if (range == null) {
      dropKnown(pending);
    } else {
      compareKnown(pending, range, sink);
    }
    dropReported(pending);
    var listed = new ArrayList<ObjectStore.Entry>(pending.size());
    for (var entry : page.entries()) {
      if (pending.containsKey(entry.key())) {
        listed.add(entry);
      }
    }
    var difference =
        PageDifference.ofListed(
            new ObjectStore.Listing(listed, unknown(page.commonPrefixes()), null));
    if (!difference.isEmpty()) {
      sink.differs(difference);
    }
    if (range != null) {
      shown.removeAll(goneUnmapped(shown, range, sink));
      if (directory.links() > 2) {
        goneDirectories(shown, range, sink);
      }
    }
  }

  private void dropKnown(Map<String, ObjectStore.Entry> pending) throws IOException {
    for (var entry : List.copyOf(pending.values())) {
      var value = cache.store().get(Family.REMOTE, Keys.text(mount, entry.key()));
      if (value != null && isKnown(RemoteEntry.decode(value), entry)) {
        pending.remove(entry.key());
      }
    }
  }

  private static boolean isKnown(RemoteEntry remote, ObjectStore.Entry entry) {
    return remote.version().mayEqual(entry.version())
        && remote.version().completedBy(entry.version()).equals(remote.version());
  }

  /** Takes away what is known, and tells what is known and not there. */
  private void compareKnown(Map<String, ObjectStore.Entry> pending, PageRange range, Sink sink)
      throws FileSystemException, IOException {
    var gone = new ArrayList<String>();
    var from = range.from();
    while (true) {
      var rows = cache.store().scan(Family.REMOTE, from, range.to(), SCAN_PAGE);
      var next = from;
      for (var row : rows) {
        if (Arrays.compareUnsigned(row.key(), next) < 0) {
          continue; // in a directory that is skipped
        }
        var key = Keys.textOf(row.key());
        var below = childPrefix(key);
        if (below != null) {
          var end = Keys.endOfPrefix(Keys.text(mount, below));
          if (end == null) {
            break;
          }
          next = end;
          continue;
        }
        next = Keys.after(row.key());
        var entry = pending.get(key);
        if (entry == null) {
          gone.add(key);
        } else if (isKnown(RemoteEntry.decode(row.value()), entry)) {
          pending.remove(key);
        }
      }
      if (gone.size() >= GONE_MAX || (rows.size() < SCAN_PAGE && !gone.isEmpty())) {
        sink.differs(new PageDifference(NOTHING, gone, List.of()));
        gone.clear();
      }
      if (rows.size() < SCAN_PAGE) {
        return;
      }
      from = next;
    }
  }

  private static final ObjectStore.Listing NOTHING =
      new ObjectStore.Listing(List.of(), List.of(), null);

  /** The prefix of the child directory that a key belongs to; null for one of the directory. */
  private @Nullable String childPrefix(String key) {
    var slash = key.indexOf('/', prefix.length());
    return slash < 0 ? null : key.substring(0, slash + 1);
  }

  /** Takes away what cannot be shown and is in the report already. */
  private void dropReported(Map<String, ObjectStore.Entry> pending) throws IOException {
    for (var key : List.copyOf(pending.keySet())) {
      var path = key.substring(pathStart);
      if (!path.isEmpty() && KeyRules.unmappedReason(path) != null && isReported(key)) {
        pending.remove(key);
      }
    }
  }

  private boolean isReported(String key) throws IOException {
    return cache.store().get(Family.UNMAPPED, Keys.text(mount, key)) != null;
  }

  /** Those prefixes that no directory here has. */
  private List<String> unknown(List<String> prefixes) throws IOException {
    var unknown = new ArrayList<String>();
    for (var child : prefixes) {
      var name = child.substring(prefix.length(), child.length() - 1);
      if (KeyRules.unmappedReason(child.substring(pathStart)) != null
          ? !isReported(child)
          : !isDirectory(name)) {
        unknown.add(child);
      }
    }
    return unknown;
  }

  private boolean isDirectory(String name) throws IOException {
    var number =
        cache.child(new DirentKey(mount, directory.key().number(), name), Patience.FOREVER);
    var inode = number == null ? null : cache.inode(new InodeKey(mount, number), Patience.FOREVER);
    return inode != null && inode.isDirectory();
  }

  /**
   * Tells of objects that could not be shown and are gone.
   *
   * @return those that are there
   */
  private Set<String> goneUnmapped(Set<String> shown, PageRange range, Sink sink)
      throws FileSystemException, IOException {
    var there = new HashSet<String>();
    var from = range.from();
    while (true) {
      var rows = cache.store().scan(Family.UNMAPPED, from, range.to(), SCAN_PAGE);
      var gone = new ArrayList<String>();
      for (var row : rows) {
        var key = Keys.textOf(row.key());
        var below = childPrefix(key);
        if (shown.contains(key) && !key.endsWith("/")) {
          there.add(key);
        } else if (!shown.contains(key) && (below == null || below.equals(key))) {
          gone.add(key);
        }
      }
      if (!gone.isEmpty()) {
        sink.differs(new PageDifference(NOTHING, List.of(), gone));
      }
      if (rows.size() < SCAN_PAGE) {
        return there;
      }
      from = Keys.after(rows.getLast().key());
    }
  }

  /**
   * Tells of directories here that the page would show and does not. They are looked for among the
   * names, since one that was never used has no keys that are known.
   */
  private void goneDirectories(Set<String> shown, PageRange range, Sink sink)
      throws FileSystemException, IOException {
    var number = directory.key().number();
    var lower = PageRange.behind(prefix, range.from());
    for (var shorter = 1; shorter < lower.length; shorter++) {
      // A directory 'a' comes after a file 'a!', since its key is 'a/'.
      if ((lower[shorter] & 0xff) < '/') {
        var name = new String(lower, 0, shorter, UTF_8);
        var child = cache.child(new DirentKey(mount, number, name), Patience.FOREVER);
        if (child != null) {
          goneDirectory(name, new InodeKey(mount, child), shown, range, sink);
        }
      }
    }
    var from = name(lower);
    var end = range.to();
    var to =
        end == null || !startsWith(end, Keys.text(mount, prefix))
            ? Keys.inode(mount, number + 1)
            : name(PageRange.behind(prefix, end));
    while (true) {
      var rows = cache.store().scan(Family.DIRENTS, from, to, SCAN_PAGE);
      for (var row : rows) {
        goneDirectory(
            DirentKey.ofEntry(row.key()).name(),
            new InodeKey(mount, Dirent.decode(row.value()).inode()),
            shown,
            range,
            sink);
      }
      if (rows.size() < SCAN_PAGE) {
        return;
      }
      from = Keys.after(rows.getLast().key());
    }
  }

  private static boolean startsWith(byte[] key, byte[] head) {
    return key.length >= head.length && Arrays.equals(key, 0, head.length, head, 0, head.length);
  }

  private byte[] name(byte[] bytes) {
    return new RecordWriter(12 + bytes.length)
        .i32(mount)
        .i64(directory.key().number())
        .raw(bytes)
        .toBytes();
  }

  private void goneDirectory(
      String name, InodeKey key, Set<String> shown, PageRange range, Sink sink)
      throws FileSystemException, IOException {
    var child = prefix + name;
    if (shown.contains(child + "/")
        || shown.contains(child)
        || !range.contains(Keys.text(mount, child + "/"))) {
      return;
    }
    var inode = cache.inode(key, Patience.FOREVER);
    if (inode != null && inode.isDirectory() && !inode.localOnly()) {
      sink.directoryGone(inode);
    }
  }
}
