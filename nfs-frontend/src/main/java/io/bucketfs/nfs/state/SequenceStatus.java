package io.bucketfs.nfs.state;

/** Bits of {@code sr_status_flags} that this server has reason to set (RFC 8881, 18.46.3). */
public final class SequenceStatus {
  /** No session of the client has a way for callbacks. */
  public static final int CB_PATH_DOWN = 0x1;

  /** The lease ran out, and nothing is left of what the client held. */
  public static final int EXPIRED_ALL_STATE_REVOKED = 0x8;

  /** The lease ran out, and some of what the client held was taken by others. */
  public static final int EXPIRED_SOME_STATE_REVOKED = 0x10;

  /** An operator took state away. */
  public static final int ADMIN_STATE_REVOKED = 0x20;

  /** The server lost power: the client is to take back what it held, and to say when it is done. */
  public static final int RESTART_RECLAIM_NEEDED = 0x100;

  /** This session has no connection for callbacks. */
  public static final int CB_PATH_DOWN_SESSION = 0x200;

  /** Server and client disagree about the slots of the backchannel. */
  public static final int BACKCHANNEL_FAULT = 0x400;

  private SequenceStatus() {}
}
