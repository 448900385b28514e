package io.bucketfs.core.vfs;

/** POSIX permission checks on owner, group and mode bits. */
public final class Permissions {
  public static final int READ = 4;
  public static final int WRITE = 2;
  public static final int EXECUTE = 1;

  private Permissions() {}

  /**
   * Returns which of {@link #READ}, {@link #WRITE} and {@link #EXECUTE} the caller has. The
   * superuser may read and write everything, search every directory, and execute a file that anyone
   * may execute.
   */
  public static int of(Caller caller, FileType type, int mode, int uid, int gid) {
    if (caller.uid() == 0) {
      var executable = type == FileType.DIRECTORY || (mode & 0111) != 0;
      return READ | WRITE | (executable ? EXECUTE : 0);
    }
    if (caller.uid() == uid) {
      return (mode >> 6) & 7;
    }
    return caller.isMember(gid) ? (mode >> 3) & 7 : mode & 7;
  }

  /** As {@link #of(Caller, FileType, int, int, int)}, for an inode's attributes. */
  public static int of(Caller caller, Attributes a) {
    return of(caller, a.type(), a.mode(), a.uid(), a.gid());
  }
}
