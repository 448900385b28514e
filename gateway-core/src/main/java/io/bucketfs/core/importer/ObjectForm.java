package io.bucketfs.core.importer;

import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.object.PosixAttributes;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.vfs.FileType;

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

  /** Digest of these attributes. */
  public static long metadataHash(Mount mount, Inode inode) {
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
