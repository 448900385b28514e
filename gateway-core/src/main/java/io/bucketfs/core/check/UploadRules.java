package io.bucketfs.core.check;

import io.bucketfs.core.check.Finding.Kind;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.object.MultipartStore;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.StoredPart;
import io.bucketfs.core.store.StoredUpload;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What must hold of the multipart uploads of a mount: a part belongs to one that is not ended. */
final class UploadRules {
  /** More uploads than are ever open at a time; a mount with more of them is not looked through. */
  private static final int UPLOADS_MAX = 100_000;

  private final Search search;
  private final ActiveMount mount;
  private final int number;

  UploadRules(Search search, ActiveMount mount) {
    this.search = search;
    this.mount = mount;
    number = mount.mount().number();
  }

  void run() throws IOException, FileSystemException, InterruptedException {
    search.each(
        Family.PARTS, Keys.mount(number), entry -> search.apply(view -> part(view, entry.key())));
  }

  private @Nullable Finding part(View view, byte[] key) throws IOException {
    var value = view.get(Family.PARTS, key);
    if (value == null) {
      return null;
    }
    var reader = new RecordReader(key);
    reader.i32();
    var upload = reader.i64();
    var part = StoredPart.decode(value).part().number();
    if (part != reader.i32() || part < 1 || part > MultipartStore.PARTS_MAX) {
      return wrong(upload, "has a part with the wrong number " + part);
    }
    var to = Objects.requireNonNull(Keys.endOfPrefix(Keys.mount(number)));
    var open = view.scan(Family.UPLOADS, Keys.mount(number), to, UPLOADS_MAX);
    return open.size() == UPLOADS_MAX
            || open.stream()
                .anyMatch(entry -> StoredUpload.decode(entry.value()).number() == upload)
        ? null
        : wrong(upload, "has ended, and its part " + part + " is still kept");
  }

  private Finding wrong(long upload, String detail) {
    return new Finding(
        Kind.UPLOAD, mount.mount().name(), "upload " + Long.toHexString(upload), detail);
  }
}
