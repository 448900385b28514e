package io.bucketfs.app.admin;

/**
 * The answer to a change of what the cache may take.
 *
 * @param sizeBytes what the local tier may occupy from now on
 * @param untilRestart whether the configuration says another size, which the next start takes
 * @param memoryBytes what the process may use from now on
 * @param memoryUntilRestart as {@code untilRestart}, of the memory
 */
public record CacheView(
    long sizeBytes, boolean untilRestart, long memoryBytes, boolean memoryUntilRestart) {}
