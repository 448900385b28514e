package io.bucketfs.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.Await;
import io.bucketfs.e2e.lab.KernelTest;
import java.nio.file.Files;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a program waits for that wants its bytes in the bucket, and not only on the gateway. */
@KernelTest
final class BarrierIT {
  private static final Duration LIMIT = Duration.ofMinutes(1);

  private static DemoLab demo;

  @BeforeAll
  static void open() {
    demo = DemoLab.open(BarrierIT.class);
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  private static void set(String trigger) {
    demo.gateway().command("mount", "set", "demo", "--writeback", trigger).orFail();
  }

  @Test
  void aCloseReturnsWhenTheBucketHasTheFile() {
    var mount = demo.mount("4.2");
    mount.sh("echo idle >idle");
    assertThat(demo.bucket().list("idle")).isEmpty();
    set("on-close");
    mount.sh("echo closed >closed");
    assertThat(demo.bucket().text("closed")).isEqualTo("closed\n");
    assertThat(demo.bucket().list("idle")).isEmpty();
    set("on-idle");
    mount.detach();
  }

  @Test
  void anFsyncReturnsWhenTheBucketHasTheFile() {
    var mount = demo.mount("4.1");
    set("on-fsync");
    var end = demo.inGuest("synced-end");
    var writer =
        mount.start(
            "exec 3>synced; echo 1 >&3; sync synced; touch %s; until [ -e %s ]; do sleep 0.1; done"
                .formatted(demo.inGuest("is-synced"), end));
    Await.until("it is synced", LIMIT, () -> Files.exists(demo.data("is-synced")));
    assertThat(demo.bucket().text("synced")).isEqualTo("1\n");
    demo.lab().host("touch", demo.data("synced-end").toString());
    writer.await(LIMIT).orFail();
    set("on-idle");
    mount.detach();
  }

  @Test
  void anFsyncOfTheFlushFileReturnsWhenTheBucketHasAllFiles() {
    var mount = demo.mount("4.2");
    mount.sh("mkdir many; for n in $(seq 100); do echo $n >many/$n; done; sync");
    assertThat(demo.bucket().list("many/")).hasSizeLessThan(100);
    mount.sh("dd if=/dev/zero of=.bucketfs/flush bs=1 count=1 conv=fsync");
    for (var n = 1; n <= 100; n++) {
      assertThat(demo.bucket().text("many/" + n)).isEqualTo(n + "\n");
    }
    assertThat(mount.sh("ls -A")).contains("many").doesNotContain(".bucketfs");
    mount.detach();
  }
}
