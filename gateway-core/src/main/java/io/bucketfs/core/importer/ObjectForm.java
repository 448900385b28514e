package io.bucketfs.core.importer;

import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.object.PosixAttributes;
import io.bucketfs.core.object.PosixMetadata;
import io.bucketfs.core.object.Xattrs;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.vfs.FileType;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How an inode looks as an object. */
public final class ObjectForm {
  private ObjectForm() {}

  /** The attributes that its object carries. */
  public static PosixAttributes attributesOf(Mount mount, Inode inode) {
    var linkId =
        !inode.isDirectory() && inode.links() > 1
            ? Long.toHexString(mount.fileSystemId()) + "-" + inode.key().number()
            : null;
    return new PosixAttributes(
        inode.type(),
        inode.mode(),
        inode.uid(),
        inode.gid(),
        inode.modifyNanos(),
        inode.deviceMajor(),
        inode.deviceMinor(),
        linkId,
        inode.xattrs());
  }

  /** What user metadata its object carries. */
  public static Map<String, String> metadata(
      Mount mount, Inode inode, @Nullable String token, Map<String, String> foreign) {
    return mount.policy().posixMetadata()
        ? PosixMetadata.encode(attributesOf(mount, inode), token, foreign)
        : PosixMetadata.encode(token, foreign);
  }

  /** What of an object's user metadata is not ours and survives a rewrite. */
  public static Map<String, String> foreign(Mount mount, Map<String, String> metadata) {
    return mount.policy().posixMetadata()
        ? PosixMetadata.decode(metadata, NOTHING).foreign()
        : PosixMetadata.leftAlone(metadata);
  }

  private static final PosixAttributes NOTHING =
      new PosixAttributes(FileType.FILE, 0, 0, 0, 0, 0, 0, null, Xattrs.NONE);

  /** Whether an object is known to carry what has this digest, or is not to carry any. */
  public static boolean carries(Mount mount, RemoteEntry remote, long hash) {
    return remote.metadataHash() == hash
        || (remote.metadataHash() == 0 && !mount.policy().posixMetadata());
  }

  /** Digest of an object that carries none. */
  public static long plainHash() {
    return NOTHING.hash();
  }

  /** Digest of these attributes; always the same where they do not travel with the object. */
  public static long metadataHash(Mount mount, Inode inode) {
    if (!mount.policy().posixMetadata()) {
      return plainHash();
    }
    var hash = attributesOf(mount, inode).hash();
    return inode.isDirectory() && inode.explicitTimes()
        ? hash ^ Long.rotateLeft(inode.modifyNanos(), 17)
        : hash;
  }

  /** Sets the attributes that an object without metadata has. */
  static Inode.Edit withDefaults(Inode.Edit edit, Mount mount) {
    var policy = mount.policy();
    edit.uid = policy.defaultUid();
    edit.gid = policy.defaultGid();
    edit.mode =
        edit.type == FileType.DIRECTORY ? policy.defaultDirectoryMode() : policy.defaultFileMode();
    return edit;
  }

  /** When the object was written, or the given time where the store did not say. */
  static long modifyNanos(ObjectVersion version, long otherwise) {
    var time = version.lastModified();
    return time == null ? otherwise : Committer.nanos(time);
  }
}
