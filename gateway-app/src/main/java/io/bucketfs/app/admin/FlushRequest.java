package io.bucketfs.app.admin;

/**
 * The order to export what is dirty.
 *
 * @param path inside the mount; empty for all of it
 * @param await whether the reply comes when everything is in S3
 */
public record FlushRequest(String mount, String path, boolean await) {}
