package io.bucketfs.nfs.xdr;

/** What came over the wire is not what the protocol says. Without a stack: it is no bug of ours. */
public final class BadXdr extends RuntimeException {
  /** The only instance. */
  @SuppressWarnings("StaticAssignmentOfThrowable") // no stack, no cause: there is nothing to share
  public static final BadXdr INSTANCE = new BadXdr();

  private BadXdr() {
    super("malformed XDR", null, false, false);
  }
}
