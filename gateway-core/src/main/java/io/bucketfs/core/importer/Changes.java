package io.bucketfs.core.importer;

/**
 * What of the bucket was found to be different, in names.
 *
 * @param created names that came
 * @param changed files that have another version now
 * @param deleted names that went
 */
public record Changes(long created, long changed, long deleted) {
  public static final Changes NONE = new Changes(0, 0, 0);

  /** These and others. */
  public Changes plus(Changes other) {
    return new Changes(created + other.created, changed + other.changed, deleted + other.deleted);
  }

  /** Whether there are none. */
  public boolean isEmpty() {
    return created + changed + deleted == 0;
  }
}
