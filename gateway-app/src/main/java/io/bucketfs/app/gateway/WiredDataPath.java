package io.bucketfs.app.gateway;

import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import java.io.IOException;

/** The data path of the product. */
final class WiredDataPath {
  private WiredDataPath() {}

  @SuppressWarnings("DoNotCallSuggester")
  static DataPath open(
      GatewayConfig config, long cacheSizeBytes, Execution execution, Meters meters)
      throws IOException {
    throw new IOException("The data path is not part of this build.");
  }
}
