package io.bucketfs.core.writeback;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.StoredUpload;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Looks through the uploads that are kept here for those that nothing will complete: of files that
 * are gone, were renamed, or have become clean by other means.
 */
final class UploadSweep {
  private static final int PAGE = 256;

  private final MountTable mounts;
  private final MetadataCache cache;
  private final Committer committer;
  private final Claims claims;
  private final UploadRemoval removal;

  UploadSweep(
      MountTable mounts,
      MetadataCache cache,
      Committer committer,
      Claims claims,
      UploadRemoval removal) {
    this.mounts = mounts;
    this.cache = cache;
    this.committer = committer;
    this.claims = claims;
    this.removal = removal;
  }

  /** Looks through all mounts. */
  void run() throws IOException, FileSystemException, InterruptedException {
    var from = new byte[0];
    while (true) {
      var page = cache.store().scan(Family.UPLOADS, from, null, PAGE);
      for (var entry : page) {
        var mount = mounts.get(Keys.mountOf(entry.key()));
        if (mount != null && !mount.mount().policy().readOnly()) {
          sweep(mount, Keys.textOf(entry.key()), false);
        }
      }
      if (page.size() < PAGE) {
        return;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  /**
   * Throws away all uploads of a mount that goes, but for those that are being sent; false where
   * the store does not take it.
   */
  boolean removeAll(ActiveMount mount)
      throws IOException, FileSystemException, InterruptedException {
    var from = Keys.mount(mount.mount().number());
    var to = Keys.endOfPrefix(from);
    while (true) {
      var page = cache.store().scan(Family.UPLOADS, from, to, PAGE);
      for (var entry : page) {
        if (!sweep(mount, Keys.textOf(entry.key()), true)) {
          return false;
        }
      }
      if (page.size() < PAGE) {
        return true;
      }
      from = Keys.after(page.getLast().key());
    }
  }

  private boolean sweep(ActiveMount mount, String key, boolean whatever)
      throws FileSystemException, InterruptedException {
    try (var claim = new Claim(claims, mount.mount().number())) {
      if (!claim.take(key)) {
        return true;
      }
      var useless =
          committer.<@Nullable StoredUpload>commit(tx -> useless(tx, mount, key, whatever));
      return useless == null || removal.remove(mount, key, useless) == null;
    }
  }

  private static @Nullable StoredUpload useless(
      Tx tx, ActiveMount mount, String key, boolean whatever) throws IOException {
    var number = mount.mount().number();
    var upload = tx.upload(number, key);
    if (upload == null || whatever) {
      return upload;
    }
    if (tx.job(number, key) != null) {
      // What became of it is found out first.
      return null;
    }
    var present = Settlement.inodeAt(tx, mount, key);
    return present != null
            && present.key().number() == upload.job().inode()
            && tx.dirty(present.key()) != null
        ? null
        : upload;
  }
}
