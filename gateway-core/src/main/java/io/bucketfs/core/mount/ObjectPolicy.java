package io.bucketfs.core.mount;

import io.bucketfs.core.object.Encryption;
import io.bucketfs.core.object.ObjectHeaders;
import io.bucketfs.core.object.Placement;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the objects of a mount are written. Holds for what is written from now on; an object that has
 * a storage class other than the standard one keeps it.
 *
 * @param storageClass of new objects; null for the standard one
 * @param contentType of files whose objects have none yet: {@link #GUESSED} from the name, or
 *     {@link #UNSAID}, or the type itself
 * @param multipartThreshold files of at least so many bytes are written in parts; 0 for the default
 */
public record ObjectPolicy(
    @Nullable String storageClass,
    Encryption encryption,
    String contentType,
    long multipartThreshold) {
  public static final String GUESSED = "guess";
  public static final String UNSAID = "none";

  /** Least and greatest threshold: what a part, and what one request, may have. */
  public static final long THRESHOLD_MIN = 5L << 20;

  public static final long THRESHOLD_MAX = 5L << 30;

  public static final ObjectPolicy DEFAULT =
      new ObjectPolicy(null, Encryption.OF_BUCKET, GUESSED, 0);

  public ObjectPolicy {
    if (multipartThreshold != 0
        && (multipartThreshold < THRESHOLD_MIN || multipartThreshold > THRESHOLD_MAX)) {
      throw new IllegalArgumentException("the threshold of multipart uploads is out of range");
    }
  }

  /** What is said of a new object. */
  public Placement placement() {
    return placement(ObjectHeaders.NONE, Map.of());
  }

  /** What is said of an object that had these headers and tags. */
  public Placement placement(ObjectHeaders kept, Map<String, String> tags) {
    return new Placement(kept.withStorageClassUnlessSet(storageClass), encryption, tags);
  }
}
