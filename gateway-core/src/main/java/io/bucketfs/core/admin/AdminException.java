package io.bucketfs.core.admin;

/** An order that cannot be carried out. The message is for the operator and says what to do. */
public final class AdminException extends Exception {
  private final Kind kind;

  /** Why, as far as an HTTP status needs to know. */
  public enum Kind {
    /** The request itself is wrong. */
    INVALID,
    NOT_FOUND,
    /** It contradicts what is there: a name in use, dirty data. */
    CONFLICT,
    /** The object store refused or did not answer. */
    STORE
  }

  public AdminException(Kind kind, String message) {
    super(message, null, false, false);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
