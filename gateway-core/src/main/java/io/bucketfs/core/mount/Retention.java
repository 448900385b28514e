package io.bucketfs.core.mount;

/**
 * How long a mount's data stay on the local disk.
 *
 * @param expiryDays what S3 has too is dropped once nobody used it for so many days
 */
public record Retention(int expiryDays) {
  public static final int EXPIRY_DAYS_MIN = 1;
  public static final int EXPIRY_DAYS_MAX = 365;

  /** What holds where nothing is said. */
  public static final Retention DEFAULT = new Retention(30);
}
