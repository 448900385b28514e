package io.bucketfs.app.admin;

/**
 * The answer to a change of the cache's size.
 *
 * @param sizeBytes what the local tier may occupy from now on
 * @param untilRestart whether the configuration says another size, which the next start takes
 */
public record CacheView(long sizeBytes, boolean untilRestart) {}
