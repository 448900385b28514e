package io.bucketfs.app.cli;

/**
 * {@code NAME[/PATH]} as an operator types it.
 *
 * @param path inside the mount; empty for all of it
 */
record MountPath(String mount, String path) {
  /** Takes a leading slash off, since mounts are shown with one. */
  static MountPath parse(String text) {
    var bare = text.startsWith("/") ? text.substring(1) : text;
    var slash = bare.indexOf('/');
    return slash < 0
        ? new MountPath(bare, "")
        : new MountPath(bare.substring(0, slash), bare.substring(slash + 1));
  }
}
