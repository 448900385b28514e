package io.bucketfs.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.lab.KernelTest;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Someone else writes to the bucket while the same file is dirty here: both versions are kept. */
@KernelTest
final class ConflictIT {
  private static DemoLab demo;

  @BeforeAll
  static void open() {
    demo = DemoLab.open(ConflictIT.class);
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  @Test
  void aForeignPutIsNotWrittenOver() {
    var mount = demo.mount("4.2");
    mount.sh("mkdir conflict; echo base >conflict/file");
    demo.gateway().flush();

    mount.sh("echo local >conflict/file");
    demo.bucket().put("conflict/file", "foreign, and longer\n".getBytes(UTF_8), Map.of());
    demo.gateway().command("flush", "demo", "--wait");

    assertThat(demo.bucket().text("conflict/file")).isEqualTo("foreign, and longer\n");
    assertThat(demo.gateway().command("report", "conflicts").orFail()).contains("conflict/file");
    assertThat(mount.sh("cat .bucketfs-lost+found/*_file")).isEqualTo("local\n");
    mount.remount();
    assertThat(mount.sh("cat conflict/file")).isEqualTo("foreign, and longer\n");
    assertThat(demo.bucket().list(".bucketfs")).isEmpty();
    mount.detach();
  }

  @Test
  void aForeignObjectUnderANewNameIsNotWrittenOver() {
    var mount = demo.mount("4.2");
    mount.sh("mkdir new; echo local >new/name");
    demo.bucket().put("new/name", "foreign\n".getBytes(UTF_8), Map.of());
    demo.gateway().command("flush", "demo", "--wait");

    assertThat(demo.bucket().text("new/name")).isEqualTo("foreign\n");
    assertThat(mount.sh("cat .bucketfs-lost+found/*_name")).isEqualTo("local\n");
    mount.detach();
  }

  @Test
  void aForeignChangeOfAFileDeletedHereIsKept() {
    var mount = demo.mount("4.2");
    mount.sh("mkdir deleted; echo base >deleted/file; echo other >deleted/other");
    demo.gateway().flush();

    mount.sh("rm deleted/file");
    demo.bucket().put("deleted/file", "foreign\n".getBytes(UTF_8), Map.of());
    demo.gateway().command("flush", "demo", "--wait");

    assertThat(demo.bucket().text("deleted/file")).isEqualTo("foreign\n");
    mount.detach();
  }
}
