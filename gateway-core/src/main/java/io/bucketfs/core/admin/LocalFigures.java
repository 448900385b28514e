package io.bucketfs.core.admin;

import java.util.function.LongSupplier;

/**
 * Figures of the local tier for the status.
 *
 * @param writeVerifier changes when unsynced data may have been lost
 * @param diskBytes what the local tier occupies
 * @param diskBytesMax its cap
 */
public record LocalFigures(
    LongSupplier writeVerifier, LongSupplier diskBytes, LongSupplier diskBytesMax) {}
