package io.bucketfs.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.S3Requests;
import io.bucketfs.e2e.lab.KernelTest;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A bucket that others filled: shown as folders and files, at the price that is promised. */
@KernelTest
final class ImportIT {
  private static final int FILES = 5_000;
  private static final int FOLDERS = 40;
  private static final int UPLOADS = 16;
  private static final int KEYS_PER_LIST = 1_000;

  /** More keys than one LIST brings. */
  private static final int FLAT_FILES = 1_400;

  private static DemoLab demo;

  @BeforeAll
  static void open() throws Exception {
    demo = DemoLab.open(ImportIT.class);
    try (var uploads = Executors.newFixedThreadPool(UPLOADS)) {
      var futures =
          uploads.invokeAll(
              keys().entrySet().stream()
                  .map(entry ->
                      Executors.callable(() ->
                          demo.bucket()
                              .put(entry.getKey(), entry.getValue().getBytes(UTF_8), Map.of())))
                  .toList());
      for (var future : futures) {
        future.get();
      }
    }
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  private static Map<String, String> keys() {
    var keys = new TreeMap<String, String>();
    for (var i = 0; i < FILES; i++) {
      var key =
          i < FLAT_FILES
              ? "import/flat/key-" + i
              : "import/nested/%d/%d/key %d.txt".formatted(i % 4, i % FOLDERS, i);
      keys.put(key, "content of %d, %s\n".formatted(i, "x".repeat(i % 500)));
    }
    return keys;
  }

  @Test
  void isListedAndReadRightForWhatItMayCost() {
    var mount = demo.mount("4.2");
    var before = demo.gateway().requests();

    var found = mount.sh("find import -type f | LC_ALL=C sort");
    assertThat(found.lines()).containsExactlyElementsOf(keys().keySet());
    var first = demo.gateway().requests().since(before);
    // The mount's root, the top, the flat one (which needs two), nested, its 4 and theirs.
    var folders = 4 + 4 + FOLDERS;
    assertThat(first.list()).isLessThanOrEqualTo(folders + FLAT_FILES / KEYS_PER_LIST);
    // And the demo's README, whose data come by themselves once the mount's root is listed.
    assertThat(first.head() + first.get()).isLessThanOrEqualTo(FILES + 1);

    var between = demo.gateway().requests();
    mount.guest().dropCaches();
    assertThat(mount.sh("find import -type f | wc -l")).isEqualTo(FILES + "\n");
    // Nothing, or the listings where the first one is longer ago than the mount's refresh.
    var second = demo.gateway().requests().since(between);
    assertThat(second).isEqualTo(new S3Requests(second.list(), 0, 0, 0));
    assertThat(second.list()).isLessThanOrEqualTo(folders + FLAT_FILES / KEYS_PER_LIST);

    var expected = String.join("", keys().values());
    assertThat(mount.sh("find import -type f -print0 | LC_ALL=C sort -z | xargs -0 cat"))
        .isEqualTo(expected);
    mount.detach();
  }
}
