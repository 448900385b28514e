package io.bucketfs.e2e;

import static io.bucketfs.e2e.gateway.TreeListing.differences;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.SampleTree;
import io.bucketfs.e2e.gateway.StoredTree;
import io.bucketfs.e2e.gateway.TreeListing;
import io.bucketfs.e2e.gateway.TreeListing.Node;
import io.bucketfs.e2e.lab.KernelLab;
import io.bucketfs.e2e.lab.KernelTest;
import io.bucketfs.e2e.lab.NfsMount;
import java.util.SortedMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A folder of a few thousand files goes in and comes out as it was, and is in the bucket as it was.
 */
@KernelTest
final class CopyTreeIT {
  private static final int FILES = 2_100;
  private static final long SEED = 20_260_101;

  private static DemoLab demo;
  private static SortedMap<String, Node> original;

  @BeforeAll
  static void open() {
    demo = DemoLab.open(CopyTreeIT.class);
    SampleTree.write(demo.data("tree"), FILES, SEED);
    original = TreeListing.ofSource(demo.data("tree"));
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"4.1", "4.2"})
  void comesOutAsItWentIn(String version) {
    var mount = demo.mount(version);
    var copy = "copy-" + version;

    mount.sh("cp -r --preserve=all %s %s".formatted(demo.inGuest("tree"), copy));
    mount.remount();
    assertSameOutside(mount, copy, "out-" + version);

    demo.gateway().flush();
    assertThat(differences(original, StoredTree.of(demo.bucket(), copy + "/"))).isEmpty();

    mount.detach();
  }

  private static void assertSameOutside(NfsMount mount, String copy, String outside) {
    mount.sh("cp -r --preserve=all %s %s".formatted(copy, demo.inGuest(outside)));
    assertThat(differences(original, TreeListing.of(demo.data(outside)))).isEmpty();
    KernelLab.delete(demo.data(outside));
  }
}
