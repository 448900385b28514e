package io.bucketfs.app.admin;

/**
 * A client from which everything was taken.
 *
 * @param client as it was right before
 */
public record RevokedView(ClientView client) {}
