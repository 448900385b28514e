package io.bucketfs.core.namespace;

import io.bucketfs.core.content.Contents;
import io.bucketfs.core.importer.Importing;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.vfs.DirectorySink;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NameSink;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lists directories in the order of cookies, which is that of creation: an entry keeps its cookie
 * for as long as it has its name, so that a listing goes on at constant cost wherever it stopped.
 */
final class DirectoryListing {
  private static final int PAGE = 256;

  private final MetadataCache cache;
  private final Contents contents;
  private final Importing importing;

  DirectoryListing(MetadataCache cache, Contents contents, Importing importing) {
    this.cache = cache;
    this.contents = contents;
    this.importing = importing;
  }

  private record Listed(long cookie, String name, Inode inode) {}

  /** Entries that follow each other, and where the ones after them begin; null for none. */
  private record Page(List<Listed> entries, byte @Nullable [] next) {}

  boolean list(
      Inode directory, long cookie, boolean withAttributes, DirectorySink sink, Patience patience)
      throws FileSystemException, IOException {
    var mount = directory.key().mount();
    var number = directory.key().number();
    var page = page(mount, number, Keys.cookie(mount, number, cookie + 1));
    var pending = withAttributes && prefetch(page);
    while (true) {
      // While this page waits for the bucket, the next one is asked for.
      var ahead = pending && page.next != null ? page(mount, number, page.next) : null;
      var aheadPending = ahead != null && prefetch(ahead);
      for (var entry : page.entries) {
        var inode = withAttributes ? complete(entry.inode, patience) : entry.inode;
        if (inode != null
            && !sink.offer(
                entry.cookie, entry.name, contents.attributes(inode.key(), Patience.FOREVER))) {
          return false;
        }
      }
      if (page.next == null) {
        return true;
      }
      if (ahead == null) {
        page = page(mount, number, page.next);
        pending = withAttributes && prefetch(page);
      } else {
        page = ahead;
        pending = aheadPending;
      }
    }
  }

  private Page page(int mount, long directory, byte[] from) throws IOException {
    var to = Keys.cookie(mount, directory + 1, 0);
    var found = cache.store().scan(Family.COOKIES, from, to, PAGE);
    var listed = new ArrayList<Listed>(found.size());
    for (var entry : found) {
      var key = new RecordReader(entry.key());
      key.i32();
      key.i64();
      var value = new RecordReader(entry.value());
      var inode = cache.inode(new InodeKey(mount, value.i64()), Patience.FOREVER);
      if (inode != null) {
        listed.add(new Listed(key.i64(), value.restText(), inode));
      }
    }
    return new Page(listed, found.size() < PAGE ? null : Keys.after(found.getLast().key()));
  }

  /** Asks for the attributes that are not known; whether there are any. */
  private boolean prefetch(Page page) {
    var pending =
        page.entries.stream().map(Listed::inode).filter(Inode::attributesPending).toList();
    importing.prefetchAttributes(pending);
    return !pending.isEmpty();
  }

  /** Lists names alone, without a look at what they stand for. */
  boolean names(Inode directory, long cookie, NameSink sink) throws IOException {
    var mount = directory.key().mount();
    var number = directory.key().number();
    var from = Keys.cookie(mount, number, cookie + 1);
    var to = Keys.cookie(mount, number + 1, 0);
    while (true) {
      var page = cache.store().scan(Family.COOKIES, from, to, PAGE);
      for (var entry : page) {
        var key = new RecordReader(entry.key());
        key.i32();
        key.i64();
        var value = new RecordReader(entry.value());
        var id = new FileId(mount, value.i64(), 1);
        if (!sink.offer(key.i64(), value.restText(), id)) {
          return false;
        }
      }
      if (page.size() < PAGE) {
        return true;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  /** The inode with its POSIX metadata, or null where its object turned out to be gone. */
  private @Nullable Inode complete(Inode inode, Patience patience) throws FileSystemException {
    if (!inode.attributesPending()) {
      return inode;
    }
    try {
      return importing.ensureAttributes(inode, patience);
    } catch (FileSystemException e) {
      if (e.error() == FsError.STALE || e.error() == FsError.NOT_FOUND) {
        return null;
      }
      throw e;
    }
  }
}
