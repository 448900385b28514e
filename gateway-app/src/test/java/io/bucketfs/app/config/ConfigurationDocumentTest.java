package io.bucketfs.app.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.app.Repository;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** {@code docs/configuration.md} lists the keys that there are, in both of its tables. */
final class ConfigurationDocumentTest {
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z-]+)` \\|");

  @Test
  void listsEveryKeyAndNoOther() throws IOException {
    var parts = Repository.read("docs/configuration.md").split("(?m)^## Mounts$", -1);
    assertThat(parts).hasSize(2);
    assertThat(keys(parts[0]))
        .containsExactlyElementsOf(Arrays.stream(ConfigKey.values()).map(ConfigKey::yaml).toList());
    assertThat(keys(parts[1]))
        .containsExactlyElementsOf(Arrays.stream(MountKey.values()).map(MountKey::yaml).toList());
  }

  private static List<String> keys(String text) {
    return ROW.matcher(text).results().map(match -> match.group(1)).toList();
  }
}
