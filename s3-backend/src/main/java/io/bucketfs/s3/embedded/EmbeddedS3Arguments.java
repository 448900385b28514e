package io.bucketfs.s3.embedded;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the embedded S3 is started with.
 *
 * @param directory where buckets are folders
 * @param port 0 for any free one
 * @param bucket created where it is not there; null for none
 */
record EmbeddedS3Arguments(
    Path directory, int port, String accessKey, String secretKey, @Nullable String bucket) {
  /** Environment variable with the secret key, where {@code --secret-key} is not given. */
  static final String SECRET_KEY_VARIABLE = "EMBEDDED_S3_SECRET_KEY";

  private static final Set<String> KNOWN =
      Set.of("--dir", "--port", "--access-key", "--secret-key", "--bucket");

  EmbeddedS3Arguments {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("--port must be between 0 and 65535");
    }
    if (accessKey.isEmpty() || secretKey.isEmpty()) {
      throw new IllegalArgumentException("--access-key and --secret-key must not be empty");
    }
  }

  /**
   * Reads {@code --name value} pairs; says what is wrong in one sentence.
   *
   * @param secretKey used where the arguments have none; null for none
   */
  static EmbeddedS3Arguments parse(@Nullable String secretKey, String... arguments) {
    var values = new HashMap<String, String>();
    for (int i = 0; i < arguments.length; i += 2) {
      var name = arguments[i];
      if (!KNOWN.contains(name)) {
        throw new IllegalArgumentException("unknown option " + name);
      }
      if (i + 1 == arguments.length) {
        throw new IllegalArgumentException(name + " needs a value");
      }
      if (values.put(name, arguments[i + 1]) != null) {
        throw new IllegalArgumentException(name + " is given twice");
      }
    }
    return new EmbeddedS3Arguments(
        Path.of(required(values, "--dir")),
        number(values.getOrDefault("--port", "0")),
        required(values, "--access-key"),
        secretKey != null && !values.containsKey("--secret-key")
            ? secretKey
            : required(values, "--secret-key"),
        values.get("--bucket"));
  }

  private static String required(Map<String, String> values, String name) {
    var value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return value;
  }

  private static int number(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("--port must be a number, not " + text, e);
    }
  }
}
