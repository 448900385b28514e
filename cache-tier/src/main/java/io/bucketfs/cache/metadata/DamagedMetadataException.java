package io.bucketfs.cache.metadata;

import java.io.IOException;
import java.nio.file.Path;

/** Files of the metadata store are missing or damaged; it can only be rebuilt. */
public final class DamagedMetadataException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  DamagedMetadataException(Path directory, String reason) {
    super(
        ("The metadata in %s is damaged: %s. Stop the gateway where it runs, and rebuild the"
                + " metadata with `bucketfs rebuild --state %s`.")
            .formatted(directory, reason, directory.toAbsolutePath().getParent()));
    this.reason = reason;
  }

  DamagedMetadataException(Path directory, Exception cause) {
    this(directory, String.valueOf(cause.getMessage()));
    initCause(cause);
  }

  /** What is wrong. */
  public String reason() {
    return reason;
  }
}
