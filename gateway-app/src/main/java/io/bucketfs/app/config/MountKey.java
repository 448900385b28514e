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
  CREDENTIALS_FILE,
  CREDENTIALS_ENV,
  ANONYMOUS,
  READ_ONLY,
  WRITEBACK,
  WRITEBACK_IDLE,
  WRITEBACK_MAX_AGE,
  WRITEBACK_BANDWIDTH,
  REFRESH,
  REFRESH_MODE,
  IMPORT_CHANGES,
  STORAGE_CLASS,
  ENCRYPTION,
  KMS_KEY,
  CONTENT_TYPE,
  MULTIPART_THRESHOLD,
  CONFLICT,
  LOST_FOUND_TTL,
  LOST_FOUND_SIZE,
  IMPORT_RULES,
  EXPIRY_DAYS,
  UID,
  GID,
  FILE_MODE,
  DIRECTORY_MODE,
  POSIX_METADATA,
  QUOTA_BYTES,
  QUOTA_INODES,
  CLIENTS,
  SUB_EXPORTS;

  /** The key in YAML and JSON. */
  public String yaml() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The option of {@code mount create}. One for each line where there may be several. */
  public String option() {
    var yaml = yaml();
    return "--" + (isList() ? yaml.substring(0, yaml.length() - 1) : yaml);
  }

  /** Whether its value has a line for each of several things. */
  public boolean isList() {
    return this == CLIENTS || this == SUB_EXPORTS || this == IMPORT_RULES;
  }

  /** Whether {@code mount set} can change it. */
  public boolean isChangeable() {
    return switch (this) {
      case QUOTA_BYTES, QUOTA_INODES, EXPIRY_DAYS -> true;
      case STORAGE_CLASS, ENCRYPTION, KMS_KEY, CONTENT_TYPE, MULTIPART_THRESHOLD -> true;
      case WRITEBACK, WRITEBACK_BANDWIDTH -> true;
      case CONFLICT, LOST_FOUND_TTL, LOST_FOUND_SIZE -> true;
      default -> isList();
    };
  }

  /** The option for a YAML key, also where there is no such key. */
  public static String optionOf(String yaml) {
    return of(yaml).map(MountKey::option).orElse("--" + yaml);
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
