package io.bucketfs.core.writeback;

import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.object.Placement;
import io.bucketfs.core.store.Job;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is written where.
 *
 * @param expected what is there before; null for nothing
 */
record Target(
    String key,
    @Nullable ObjectVersion expected,
    Job job,
    Map<String, String> metadata,
    @Nullable String contentType,
    Placement placement) {}
