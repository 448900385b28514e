package io.bucketfs.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.SampleTree;
import io.bucketfs.e2e.gateway.TreeListing;
import io.bucketfs.e2e.lab.KernelTest;
import java.nio.file.Files;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are larger than the client's memory, or written out of order. */
@KernelTest
final class LargeFileIT {
  private static final long BIG_BYTES = 1L << 30;
  private static final long BASE_BYTES = 64L << 20;

  /** Overwrites blocks of a file at random, seeded; the same on a plain file gives the truth. */
  private static final String OVERWRITE =
      """
      import os, random, sys
      blocks, seed = 4000, 7
      generator = random.Random(seed)
      file = os.open(sys.argv[1], os.O_RDWR)
      pages = os.fstat(file).st_size // 4096
      for i in range(blocks):
          os.pwrite(file, generator.randbytes(4096), generator.randrange(pages) * 4096)
          if i % 500 == 0:
              os.fsync(file)
      os.fsync(file)
      os.close(file)
      """;

  private static DemoLab demo;

  @BeforeAll
  static void open() {
    demo = DemoLab.open(LargeFileIT.class);
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  @Test
  void aGibibyteIsStableAfterItsFsync() {
    SampleTree.writeFile(demo.data("big"), BIG_BYTES, 1);
    var digest = TreeListing.sha256(demo.data("big"));
    var mount = demo.mount("4.2");

    mount.sh("dd if=%s of=big bs=1M conv=fsync status=none".formatted(demo.inGuest("big")));
    mount.remount();
    assertThat(mount.sh("sha256sum <big")).startsWith(digest);

    demo.gateway().flush();
    assertThat(demo.bucket().get("big").digest()).isEqualTo(digest);
    assertThat(demo.bucket().get("big").sizeBytes()).isEqualTo(BIG_BYTES);
    mount.sh("rm big");
    mount.detach();
  }

  @ParameterizedTest
  @ValueSource(strings = {"4.1", "4.2"})
  void overwritesAtRandomAllLand(String version) throws Exception {
    var name = "random-" + version;
    Files.writeString(demo.data(name + ".py"), OVERWRITE);
    SampleTree.writeFile(demo.data(name), BASE_BYTES, 2);
    var mount = demo.mount(version);

    mount.sh("cp %s %s".formatted(demo.inGuest(name), name));
    // Once in S3 and forgotten here, so that blocks are written over a base that is not resident.
    demo.gateway().flush();
    demo.loseState(mount);
    mount.sh("python3 %s %s".formatted(demo.inGuest(name + ".py"), name));
    demo.lab().host("python3", demo.data(name + ".py").toString(), demo.data(name).toString());
    var digest = TreeListing.sha256(demo.data(name));

    mount.remount();
    assertThat(mount.sh("sha256sum <" + name)).startsWith(digest);
    demo.gateway().flush();
    assertThat(demo.bucket().get(name).digest()).isEqualTo(digest);
    mount.detach();
  }
}
