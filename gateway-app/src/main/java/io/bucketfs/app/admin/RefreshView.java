package io.bucketfs.app.admin;

/** What others changed, in names. */
public record RefreshView(long created, long changed, long deleted) {}
