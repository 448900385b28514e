package io.bucketfs.app.config;

import java.util.Locale;

/** The settings of a gateway. Each is a YAML key, an option and an environment variable. */
public enum ConfigKey {
  STATE,
  LISTEN,
  PORT,
  ADMIN_PORT,
  MEMORY,
  CACHE_SIZE,
  FREE_SPACE,
  LEASE,
  WRITEBACK_BANDWIDTH,
  WEBHOOK_PORT,
  WEBHOOK_SECRET_FILE;

  /** The key in YAML. */
  public String yaml() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The option of {@code bucketfs serve}. */
  public String option() {
    return "--" + yaml();
  }

  /** The environment variable. */
  public String environment() {
    return "BUCKETFS_" + name();
  }
}
