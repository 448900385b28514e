package io.bucketfs.nfs.op;

import java.util.EnumSet;
import java.util.Set;

/**
 * Which operations may be sent without access to the current object, and which of them say how it
 * must be asked for. An operation that is not listed needs access.
 */
final class ObjectUse {
  /**
   * These say nothing about the current object, or let go of what the client holds of it. That must
   * go on working after its rule was taken away.
   */
  private static final Set<OperationCode> FREE =
      EnumSet.of(
          OperationCode.PUTFH,
          OperationCode.PUTPUBFH,
          OperationCode.PUTROOTFH,
          OperationCode.SAVEFH,
          OperationCode.RESTOREFH,
          OperationCode.GETFH,
          OperationCode.CLOSE,
          OperationCode.LOCKU,
          OperationCode.OPEN_DOWNGRADE,
          OperationCode.DELEGRETURN,
          OperationCode.LAYOUTRETURN,
          OperationCode.SEQUENCE,
          OperationCode.TEST_STATEID,
          OperationCode.FREE_STATEID,
          OperationCode.EXCHANGE_ID,
          OperationCode.CREATE_SESSION,
          OperationCode.DESTROY_SESSION,
          OperationCode.DESTROY_CLIENTID,
          OperationCode.BIND_CONN_TO_SESSION,
          OperationCode.BACKCHANNEL_CTL,
          OperationCode.RECLAIM_COMPLETE);

  private static final Set<OperationCode> TELL =
      EnumSet.of(OperationCode.SECINFO, OperationCode.SECINFO_NO_NAME);

  private static final Set<OperationCode> MAY_ANSWER_WRONGSEC =
      EnumSet.of(
          OperationCode.LOOKUP,
          OperationCode.LOOKUPP,
          OperationCode.OPEN,
          OperationCode.LINK,
          OperationCode.RENAME);

  /** RFC 8881, 2.6.3.1.1: what is asked for after the filehandle is put decides. */
  private static final Set<OperationCode> DECIDE_THEMSELVES =
      EnumSet.of(
          OperationCode.PUTFH,
          OperationCode.PUTPUBFH,
          OperationCode.PUTROOTFH,
          OperationCode.RESTOREFH,
          OperationCode.SAVEFH,
          OperationCode.SECINFO,
          OperationCode.SECINFO_NO_NAME,
          OperationCode.LOOKUP,
          OperationCode.LOOKUPP,
          OperationCode.OPEN);

  private ObjectUse() {}

  static boolean needsAccess(OperationCode code) {
    return !FREE.contains(code);
  }

  /** Whether it is how a client finds out which flavor it should use. */
  static boolean tellsSecurity(OperationCode code) {
    return TELL.contains(code);
  }

  static boolean mayAnswerWrongSecurity(OperationCode code) {
    return MAY_ANSWER_WRONGSEC.contains(code);
  }

  /** Whether a put filehandle has to say WRONGSEC where this comes next. */
  static boolean wantsFlavorOfPut(OperationCode next) {
    return !DECIDE_THEMSELVES.contains(next);
  }
}
