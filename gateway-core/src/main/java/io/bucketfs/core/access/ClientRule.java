package io.bucketfs.core.access;

/**
 * What the clients of a network may do.
 *
 * @param readOnly whether they may only read
 */
public record ClientRule(Network network, boolean readOnly, Squash squash) {
  /** Everybody may do everything, and is taken at his word. */
  public static final ClientRule EVERYBODY = new ClientRule(Network.ANY, false, Squash.NONE);
}
