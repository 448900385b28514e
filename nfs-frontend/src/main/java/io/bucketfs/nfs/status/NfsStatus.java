package io.bucketfs.nfs.status;

import io.bucketfs.core.vfs.FsError;

/** {@code nfsstat4}: how an operation ended (RFC 8881, 15.1). */
public enum NfsStatus {
  OK(0),
  PERM(1),
  NOENT(2),
  IO(5),
  NXIO(6),
  ACCESS(13),
  EXIST(17),
  XDEV(18),
  NOTDIR(20),
  ISDIR(21),
  INVAL(22),
  FBIG(27),
  NOSPC(28),
  ROFS(30),
  MLINK(31),
  NAMETOOLONG(63),
  NOTEMPTY(66),
  DQUOT(69),
  STALE(70),
  BADHANDLE(10001),
  BAD_COOKIE(10003),
  NOTSUPP(10004),
  TOOSMALL(10005),
  SERVERFAULT(10006),
  BADTYPE(10007),
  DELAY(10008),
  SAME(10009),
  DENIED(10010),
  EXPIRED(10011),
  LOCKED(10012),
  GRACE(10013),
  FHEXPIRED(10014),
  SHARE_DENIED(10015),
  WRONGSEC(10016),
  CLID_INUSE(10017),
  NOFILEHANDLE(10020),
  MINOR_VERS_MISMATCH(10021),
  STALE_CLIENTID(10022),
  STALE_STATEID(10023),
  OLD_STATEID(10024),
  BAD_STATEID(10025),
  BAD_SEQID(10026),
  NOT_SAME(10027),
  LOCK_RANGE(10028),
  SYMLINK(10029),
  RESTOREFH(10030),
  ATTRNOTSUPP(10032),
  NO_GRACE(10033),
  RECLAIM_BAD(10034),
  RECLAIM_CONFLICT(10035),
  BADXDR(10036),
  LOCKS_HELD(10037),
  OPENMODE(10038),
  BADOWNER(10039),
  BADCHAR(10040),
  BADNAME(10041),
  BAD_RANGE(10042),
  LOCK_NOTSUPP(10043),
  OP_ILLEGAL(10044),
  DEADLOCK(10045),
  ADMIN_REVOKED(10047),
  BADIOMODE(10049),
  BAD_SESSION_DIGEST(10051),
  BADSESSION(10052),
  BADSLOT(10053),
  COMPLETE_ALREADY(10054),
  CONN_NOT_BOUND_TO_SESSION(10055),
  SEQ_MISORDERED(10063),
  SEQUENCE_POS(10064),
  REQ_TOO_BIG(10065),
  REP_TOO_BIG(10066),
  REP_TOO_BIG_TO_CACHE(10067),
  RETRY_UNCACHED_REP(10068),
  TOO_MANY_OPS(10070),
  OP_NOT_IN_SESSION(10071),
  CLIENTID_BUSY(10074),
  SEQ_FALSE_RETRY(10076),
  BAD_HIGH_SLOT(10077),
  DEADSESSION(10078),
  ENCR_ALG_UNSUPP(10079),
  NOT_ONLY_OP(10081),
  WRONG_CRED(10082),
  WRONG_TYPE(10083),
  UNION_NOTSUPP(10090),
  OFFLOAD_NO_REQS(10094),
  NOXATTR(10095),
  XATTR2BIG(10096);

  private final int code;

  NfsStatus(int code) {
    this.code = code;
  }

  /** The number on the wire. */
  public int code() {
    return code;
  }

  /** The one place where a failure of the file system becomes a status. */
  public static NfsStatus of(FsError error) {
    return switch (error) {
      case PERMISSION -> PERM;
      case NOT_FOUND -> NOENT;
      case IO -> IO;
      case ACCESS -> ACCESS;
      case EXISTS -> EXIST;
      case CROSS_DEVICE -> XDEV;
      case NOT_A_DIRECTORY -> NOTDIR;
      case IS_A_DIRECTORY -> ISDIR;
      case INVALID -> INVAL;
      case FILE_TOO_BIG -> FBIG;
      case NO_SPACE -> NOSPC;
      case READ_ONLY -> ROFS;
      case TOO_MANY_LINKS -> MLINK;
      case NAME_TOO_LONG -> NAMETOOLONG;
      case BAD_NAME -> BADNAME;
      case NOT_EMPTY -> NOTEMPTY;
      case QUOTA -> DQUOT;
      case STALE -> STALE;
      case IS_A_SYMLINK -> SYMLINK;
      case WRONG_TYPE -> WRONG_TYPE;
      case NO_SUCH_OFFSET -> NXIO;
      case NO_XATTR -> NOXATTR;
      case XATTR_TOO_BIG -> XATTR2BIG;
      // The client asks again after a while, and nothing was changed until then.
      case DELAY -> DELAY;
      case NOT_SUPPORTED -> NOTSUPP;
    };
  }
}
