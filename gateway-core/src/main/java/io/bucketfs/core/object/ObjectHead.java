package io.bucketfs.core.object;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a HEAD or GET says about an object.
 *
 * @param metadata user metadata, keys in lower case and without {@code x-amz-meta-}
 * @param contentType null where the store did not say
 * @param headers what else it has
 */
public record ObjectHead(
    ObjectVersion version,
    Map<String, String> metadata,
    @Nullable String contentType,
    ObjectHeaders headers) {
  public ObjectHead {
    metadata = Map.copyOf(metadata);
  }

  /** Null for the standard class. */
  public @Nullable String storageClass() {
    return headers.storageClass();
  }
}
