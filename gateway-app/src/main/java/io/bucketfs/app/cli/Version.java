package io.bucketfs.app.cli;

import java.io.IOException;
import java.util.Properties;

/** The version that was built. */
final class Version {
  private Version() {}

  static String current() {
    var properties = new Properties();
    try (var stream = Version.class.getResourceAsStream("/io/bucketfs/app/version.properties")) {
      if (stream != null) {
        properties.load(stream);
      }
    } catch (IOException _) {
      // The class path is broken; that is told by everything else.
    }
    return properties.getProperty("version", "unknown");
  }
}
