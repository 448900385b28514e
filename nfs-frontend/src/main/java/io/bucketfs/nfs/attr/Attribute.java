package io.bucketfs.nfs.attr;

/** Numbers of file attributes (RFC 8881, 5; RFC 7862, 12.2; RFC 8275), and which are served. */
public final class Attribute {
  public static final int SUPPORTED_ATTRS = 0;
  public static final int TYPE = 1;
  public static final int FH_EXPIRE_TYPE = 2;
  public static final int CHANGE = 3;
  public static final int SIZE = 4;
  public static final int LINK_SUPPORT = 5;
  public static final int SYMLINK_SUPPORT = 6;
  public static final int NAMED_ATTR = 7;
  public static final int FSID = 8;
  public static final int UNIQUE_HANDLES = 9;
  public static final int LEASE_TIME = 10;
  public static final int RDATTR_ERROR = 11;
  public static final int CANSETTIME = 15;
  public static final int CASE_INSENSITIVE = 16;
  public static final int CASE_PRESERVING = 17;
  public static final int CHOWN_RESTRICTED = 18;
  public static final int FILEHANDLE = 19;
  public static final int FILEID = 20;
  public static final int FILES_AVAIL = 21;
  public static final int FILES_FREE = 22;
  public static final int FILES_TOTAL = 23;
  public static final int HOMOGENEOUS = 26;
  public static final int MAXFILESIZE = 27;
  public static final int MAXLINK = 28;
  public static final int MAXNAME = 29;
  public static final int MAXREAD = 30;
  public static final int MAXWRITE = 31;
  public static final int MODE = 33;
  public static final int NO_TRUNC = 34;
  public static final int NUMLINKS = 35;
  public static final int OWNER = 36;
  public static final int OWNER_GROUP = 37;
  public static final int QUOTA_AVAIL_HARD = 38;
  public static final int QUOTA_AVAIL_SOFT = 39;
  public static final int QUOTA_USED = 40;
  public static final int RAWDEV = 41;
  public static final int SPACE_AVAIL = 42;
  public static final int SPACE_FREE = 43;
  public static final int SPACE_TOTAL = 44;
  public static final int SPACE_USED = 45;
  public static final int TIME_ACCESS = 47;
  public static final int TIME_ACCESS_SET = 48;
  public static final int TIME_DELTA = 51;
  public static final int TIME_METADATA = 52;
  public static final int TIME_MODIFY = 53;
  public static final int TIME_MODIFY_SET = 54;
  public static final int MOUNTED_ON_FILEID = 55;
  public static final int SUPPATTR_EXCLCREAT = 75;
  public static final int CLONE_BLKSIZE = 77;
  public static final int CHANGE_ATTR_TYPE = 79;
  public static final int MODE_UMASK = 81;
  public static final int XATTR_SUPPORT = 82;

  private static final AttributeMask SUPPORTED_41 =
      AttributeMask.of(
          SUPPORTED_ATTRS,
          TYPE,
          FH_EXPIRE_TYPE,
          CHANGE,
          SIZE,
          LINK_SUPPORT,
          SYMLINK_SUPPORT,
          NAMED_ATTR,
          FSID,
          UNIQUE_HANDLES,
          LEASE_TIME,
          RDATTR_ERROR,
          CANSETTIME,
          CASE_INSENSITIVE,
          CASE_PRESERVING,
          CHOWN_RESTRICTED,
          FILEHANDLE,
          FILEID,
          FILES_AVAIL,
          FILES_FREE,
          FILES_TOTAL,
          HOMOGENEOUS,
          MAXFILESIZE,
          MAXLINK,
          MAXNAME,
          MAXREAD,
          MAXWRITE,
          MODE,
          NO_TRUNC,
          NUMLINKS,
          OWNER,
          OWNER_GROUP,
          QUOTA_AVAIL_HARD,
          QUOTA_AVAIL_SOFT,
          QUOTA_USED,
          RAWDEV,
          SPACE_AVAIL,
          SPACE_FREE,
          SPACE_TOTAL,
          SPACE_USED,
          TIME_ACCESS,
          TIME_ACCESS_SET,
          TIME_DELTA,
          TIME_METADATA,
          TIME_MODIFY,
          TIME_MODIFY_SET,
          MOUNTED_ON_FILEID,
          SUPPATTR_EXCLCREAT);

  private static final AttributeMask SUPPORTED_42 =
      SUPPORTED_41.with(CLONE_BLKSIZE).with(CHANGE_ATTR_TYPE).with(MODE_UMASK).with(XATTR_SUPPORT);

  private static final AttributeMask SETTABLE_41 =
      AttributeMask.of(SIZE, MODE, OWNER, OWNER_GROUP, TIME_ACCESS_SET, TIME_MODIFY_SET);

  private static final AttributeMask SETTABLE_42 = SETTABLE_41.with(MODE_UMASK);

  /** Attributes that can be set but not asked for. */
  static final AttributeMask WRITE_ONLY =
      AttributeMask.of(TIME_ACCESS_SET, TIME_MODIFY_SET, MODE_UMASK);

  /** Attributes of the file system as a whole that change with its use. */
  static final AttributeMask STATISTICS =
      AttributeMask.of(
          FILES_AVAIL,
          FILES_FREE,
          FILES_TOTAL,
          QUOTA_AVAIL_HARD,
          QUOTA_AVAIL_SOFT,
          QUOTA_USED,
          SPACE_AVAIL,
          SPACE_FREE,
          SPACE_TOTAL);

  /** Attributes that READDIR can give from a name alone. */
  private static final AttributeMask OF_NAMES =
      AttributeMask.of(FSID, RDATTR_ERROR, FILEHANDLE, FILEID, MOUNTED_ON_FILEID);

  /** Attributes that READDIR can give from what is known before POSIX metadata was read. */
  private static final AttributeMask OF_ENTRIES = OF_NAMES.with(TYPE);

  private Attribute() {}

  /** What a minor version of this server supports. */
  public static AttributeMask supported(int minorVersion) {
    return minorVersion >= 2 ? SUPPORTED_42 : SUPPORTED_41;
  }

  /** What can be set, at creation too. */
  public static AttributeMask settable(int minorVersion) {
    return minorVersion >= 2 ? SETTABLE_42 : SETTABLE_41;
  }

  /** Whether figures of the whole file system are asked for. */
  public static boolean needsStatistics(AttributeMask mask) {
    return !mask.and(STATISTICS).isEmpty();
  }

  /** Whether more is asked for than a name knows by itself. */
  public static boolean needsInode(AttributeMask mask, int minorVersion) {
    return !mask.and(supported(minorVersion)).isWithin(OF_NAMES);
  }

  /** Whether more is asked for than an inode knows before its POSIX metadata was read. */
  public static boolean needsMetadata(AttributeMask mask, int minorVersion) {
    return !mask.and(supported(minorVersion)).isWithin(OF_ENTRIES);
  }

  /** Whether an attribute is asked for that can only be set. */
  public static boolean asksWriteOnly(AttributeMask mask) {
    return !mask.and(WRITE_ONLY).isEmpty();
  }
}
