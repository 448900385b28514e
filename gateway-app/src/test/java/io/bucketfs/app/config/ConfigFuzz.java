package io.bucketfs.app.config;

import io.bucketfs.core.access.Access;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Configuration files: read, or refused with sentences. Rules of access are read as they are
 * written.
 */
public final class ConfigFuzz {
  private static final Path FILE = Path.of("/etc/bucketfs.yaml");

  private ConfigFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    var problems = new Problems();
    var yaml = YamlFile.parse(FILE, new String(input, StandardCharsets.UTF_8), problems);
    for (var mount : yaml.mounts()) {
      var settings = new HashMap<>(mount);
      var request = MountSettings.read(settings, MountKey::optionOf, problems);
      if (request.isPresent()) {
        requireSameWhenWritten(request.get().access(), settings);
      }
    }
  }

  private static void requireSameWhenWritten(Access access, Map<String, String> settings) {
    if (settings.getOrDefault("sub-exports", "").contains("\"")) {
      return; // a quote inside of a word is read and has no other form
    }
    var written = new HashMap<>(settings);
    written.put("clients", String.join("\n", AccessText.ofClients(access)));
    if (!access.subExports().isEmpty()) {
      written.put("sub-exports", String.join("\n", AccessText.ofSubExports(access)));
    }
    var problems = new Problems();
    var again = MountSettings.read(written, MountKey::optionOf, problems);
    if (again.isEmpty() || !again.get().access().isLike(access)) {
      throw new AssertionError(access + " is read again as " + again + problems.sentences());
    }
  }
}
