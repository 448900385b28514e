package io.bucketfs.app.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.schema.FailsafeSchema;

/**
 * A configuration file as it was written: known keys with the text of their values. All scalars are
 * read as text, so that {@code 0644} and {@code no} mean what stands there.
 *
 * @param values settings of the gateway
 * @param mounts settings of the mounts, in order
 */
record YamlFile(Map<ConfigKey, String> values, List<Map<String, String>> mounts) {
  /** Larger than any hand-written file. */
  private static final long FILE_BYTES_MAX = 1 << 20;

  private static final String MOUNTS = "mounts";

  static final YamlFile EMPTY = new YamlFile(Map.of(), List.of());

  static YamlFile read(Path file, Problems problems) {
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        problems.add(file + " is larger than a configuration file may be (1 MiB).");
        return EMPTY;
      }
      return parse(file, Files.readString(file, StandardCharsets.UTF_8), problems);
    } catch (NoSuchFileException _) {
      problems.add("The configuration file " + file + " does not exist.");
    } catch (IOException e) {
      problems.add("The configuration file " + file + " cannot be read: " + e.getMessage() + ".");
    }
    return EMPTY;
  }

  static YamlFile parse(Path file, String text, Problems problems) {
    var settings =
        LoadSettings.builder()
            .setSchema(new FailsafeSchema())
            .setTagConstructors(Map.of(Tag.NULL, _ -> "")) // the schema has none for nothing
            .build();
    Object root;
    try {
      var documents = new Load(settings).loadAllFromString(text).iterator();
      if (!documents.hasNext()) {
        return EMPTY;
      }
      root = documents.next();
    } catch (YamlEngineException e) {
      problems.add(
          file
              + " is no valid YAML: "
              + String.valueOf(e.getMessage()).strip().replaceAll("\\s+", " "));
      return EMPTY;
    }
    if (!(root instanceof Map<?, ?> map)) {
      problems.add(file + " must hold keys and values.");
      return EMPTY;
    }
    var values = new EnumMap<ConfigKey, String>(ConfigKey.class);
    List<Map<String, String>> mounts = new ArrayList<>();
    map.forEach((key, value) -> {
      if (MOUNTS.equals(key)) {
        mounts.addAll(mounts(file, value, problems));
        return;
      }
      for (var known : ConfigKey.values()) {
        if (known.yaml().equals(key)) {
          values.put(known, scalar(file, known.yaml(), value, problems));
          return;
        }
      }
      problems.add("Unknown key " + key + " in " + file + ".");
    });
    return new YamlFile(values, mounts);
  }

  private static List<Map<String, String>> mounts(Path file, Object value, Problems problems) {
    List<Map<String, String>> mounts = new ArrayList<>();
    if (value.equals("")) {
      return mounts;
    }
    if (!(value instanceof List<?> list)) {
      problems.add("mounts in " + file + " must be a list.");
      return mounts;
    }
    for (var i = 0; i < list.size(); i++) {
      var where = MOUNTS + "[" + i + "]";
      if (!(list.get(i) instanceof Map<?, ?> mount)) {
        problems.add(where + " in " + file + " must hold keys and values.");
        continue;
      }
      Map<String, String> values = new LinkedHashMap<>();
      mount.forEach((key, setting) ->
          values.put(
              String.valueOf(key), text(file, String.valueOf(key), where, setting, problems)));
      mounts.add(values);
    }
    return mounts;
  }

  /** A single value, or the lines of a setting that may have several. */
  private static String text(Path file, String key, String where, Object value, Problems problems) {
    var label = where + "." + key;
    if (value instanceof List<?> list && MountKey.of(key).filter(MountKey::isList).isPresent()) {
      return list.stream()
          .map(line -> scalar(file, label, line, problems))
          .collect(Collectors.joining("\n"));
    }
    return scalar(file, label, value, problems);
  }

  private static String scalar(Path file, String key, Object value, Problems problems) {
    if (value instanceof Map || value instanceof List) {
      problems.add(key + " in " + file + " must be a single value.");
      return "";
    }
    return String.valueOf(value);
  }
}
