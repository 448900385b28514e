package io.bucketfs.app.config;

import java.util.Locale;
import java.util.Optional;

/**
 * The settings of a mount: keys under {@code mounts:} in YAML, options of {@code mount create}, and
 * keys of the admin API's request.
 */
public enum MountKey {
  NAME,
  BUCKET,
  PREFIX,
  REGION,
  PROTOCOL,
  ENDPOINT,
  PATH_STYLE,
  PROFILE,
  ANONYMOUS,
  READ_ONLY,
  WRITEBACK_IDLE,
  WRITEBACK_MAX_AGE,
  UID,
  GID,
  FILE_MODE,
  DIRECTORY_MODE;

  /** The key in YAML and JSON. */
  public String yaml() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The option of {@code mount create}. */
  public String option() {
    return "--" + yaml();
  }

  /** The setting with this YAML key. */
  public static Optional<MountKey> of(String yaml) {
    for (var key : values()) {
      if (key.yaml().equals(yaml)) {
        return Optional.of(key);
      }
    }
    return Optional.empty();
  }
}
