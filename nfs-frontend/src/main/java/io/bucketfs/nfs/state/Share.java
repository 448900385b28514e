package io.bucketfs.nfs.state;

/** Bits of share reservations (RFC 8881, 9.7). */
public final class Share {
  public static final int READ = 1;
  public static final int WRITE = 2;
  public static final int BOTH = READ | WRITE;

  private Share() {}
}
