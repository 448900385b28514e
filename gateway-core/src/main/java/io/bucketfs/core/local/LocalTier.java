package io.bucketfs.core.local;

/**
 * Both local stores of one state directory, and what was found when it was opened.
 *
 * @param unsyncedMayBeLost whether the machine, and not only the process, went down since the last
 *     use, so that data that was written but not synced may be gone
 */
public record LocalTier(KeyValueStore metadata, ExtentStore extents, boolean unsyncedMayBeLost) {}
