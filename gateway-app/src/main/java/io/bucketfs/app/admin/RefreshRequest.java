package io.bucketfs.app.admin;

/**
 * What is to be compared with the bucket.
 *
 * @param path inside the mount; empty for its root
 */
public record RefreshRequest(String mount, String path, boolean recursive) {}
