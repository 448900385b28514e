package io.bucketfs.core.object;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class KeyRulesTest {
  @ParameterizedTest
  @ValueSource(strings = {"a", "a/b", "dir/", "ä/日本/😀", "...", "a/.bucketfs", " ", "a b"})
  void arePaths(String key) {
    assertThat(KeyRules.unmappedReason(key)).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "/a",
        "a//b",
        "a//",
        ".",
        "a/../b",
        "a/.",
        "..",
        "a\0b",
        ".bucketfs",
        ".bucketfs-lost+found/x",
        "a\ud800b",
        "\udc00"
      })
  void areNoPaths(String key) {
    assertThat(KeyRules.unmappedReason(key)).isNotNull();
  }

  @Test
  void componentsHaveAtMost255Bytes() {
    assertThat(KeyRules.unmappedReason("a/" + "x".repeat(255))).isNull();
    assertThat(KeyRules.unmappedReason("a/" + "x".repeat(256))).contains("255");
    assertThat(KeyRules.unmappedReason("ä".repeat(128))).contains("255");
  }

  @Test
  void keysHaveAtMost1024Bytes() {
    assertThat(KeyRules.fits("x".repeat(1_024))).isTrue();
    assertThat(KeyRules.fits("x".repeat(1_025))).isFalse();
    assertThat(KeyRules.fits("ä".repeat(513))).isFalse();
  }
}
