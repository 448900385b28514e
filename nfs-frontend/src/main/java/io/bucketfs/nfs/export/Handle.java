package io.bucketfs.nfs.export;

import io.bucketfs.core.vfs.FileId;

/** What a filehandle stands for. */
public sealed interface Handle {
  /** The directory that lists the mounts. */
  record PseudoRoot() implements Handle {}

  /**
   * A file, directory or anything else inside a mount.
   *
   * @param via the sub-export that it was reached through; 0 for the mount itself
   */
  record Node(FileId id, int via) implements Handle {}

  /** The only pseudo-root. */
  Handle PSEUDO_ROOT = new PseudoRoot();
}
