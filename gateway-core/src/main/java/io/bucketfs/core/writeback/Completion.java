package io.bucketfs.core.writeback;

import io.bucketfs.core.object.MultipartStore.Part;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Job;
import io.bucketfs.core.store.StoredPart;
import io.bucketfs.core.store.Tx;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The end of an upload of which nobody knows what the reply said.
 *
 * @param parts of the object, in order
 * @param isReplaceable as {@link LeftWrites#isReplaceable} says of its file
 */
record Completion(List<Part> parts, boolean isReplaceable) {
  /** What a job was to complete; null where it is another kind of job. */
  static @Nullable Completion of(Tx tx, int mount, String key, Job job) throws IOException {
    var upload = tx.upload(mount, key);
    if (upload == null || !upload.job().token().equals(job.token())) {
      return null;
    }
    var inode = tx.inode(new InodeKey(mount, job.inode()));
    var base = inode == null || inode.content() == null ? null : inode.content().base();
    return new Completion(
        tx.parts(mount, upload).stream().map(StoredPart::part).toList(),
        LeftWrites.isReplaceable(base, key));
  }
}
