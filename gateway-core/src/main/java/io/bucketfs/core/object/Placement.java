package io.bucketfs.core.object;

import java.util.Map;

/**
 * What is said of an object when it is written, beside metadata and content type.
 *
 * @param headers its storage class among them; whether it is tagged is told by the tags
 * @param tags empty for none; a copy in one request has those of its source in any case
 */
public record Placement(ObjectHeaders headers, Encryption encryption, Map<String, String> tags) {
  /** Where nothing is said: the store's and the bucket's defaults. */
  public static final Placement NONE =
      new Placement(ObjectHeaders.NONE, Encryption.OF_BUCKET, Map.of());

  public Placement {
    headers = headers.untagged();
    tags = Map.copyOf(tags);
  }
}
