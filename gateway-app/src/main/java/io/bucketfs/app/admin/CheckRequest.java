package io.bucketfs.app.admin;

import org.jspecify.annotations.Nullable;

/**
 * The order to verify the local state.
 *
 * @param mount null for all, and what they share
 * @param indexOnly whether to leave the data themselves unread
 */
public record CheckRequest(@Nullable String mount, boolean indexOnly) {}
