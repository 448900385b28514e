package io.bucketfs.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.Await;
import io.bucketfs.e2e.gateway.SampleTree;
import io.bucketfs.e2e.gateway.StoredTree;
import io.bucketfs.e2e.gateway.TreeListing;
import io.bucketfs.e2e.lab.KernelTest;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is written reaches the bucket by itself once it has been idle. */
@KernelTest
final class WriteBackIT {
  private static final Duration LIMIT = Duration.ofMinutes(1);

  private static DemoLab demo;

  @BeforeAll
  static void open() {
    demo = DemoLab.open(WriteBackIT.class, "--writeback-idle", "2s");
    SampleTree.write(demo.data("tree"), 200, 3);
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  @Test
  void everyFileIsAnObjectAfterTheIdleWindow() {
    var mount = demo.mount("4.2");
    mount.sh("cp -r --preserve=all %s idle".formatted(demo.inGuest("tree")));

    Await.until(
        "nothing is dirty",
        LIMIT,
        () -> demo.gateway().metrics().sum("bucketfs_dirty_files", "") == 0);
    assertThat(
            TreeListing.differences(
                TreeListing.ofSource(demo.data("tree")), StoredTree.of(demo.bucket(), "idle/")))
        .isEmpty();
    mount.detach();
  }

  @Test
  void whatIsMadeAndRemovedWithinTheWindowCostsNothing() {
    var mount = demo.mount("4.2");
    demo.gateway().flush();
    var before = demo.gateway().requests();

    mount.sh("for i in $(seq 50); do echo $i >short-$i; done; rm short-*");
    demo.gateway().flush();
    assertThat(demo.gateway().requests().since(before).put()).isZero();
    mount.detach();
  }
}
