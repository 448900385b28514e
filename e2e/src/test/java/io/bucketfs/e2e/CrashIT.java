package io.bucketfs.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.Await;
import io.bucketfs.e2e.gateway.SampleTree;
import io.bucketfs.e2e.gateway.TreeListing;
import io.bucketfs.e2e.lab.KernelTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The gateway is killed (SIGKILL) under load. The client goes on by itself and nothing is lost. */
@KernelTest
final class CrashIT {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final int KILLS = Integer.getInteger("kills", 3);
  private static final int FILES_BETWEEN_KILLS = 15;
  private static final long DD_BYTES = 256L << 20;

  private static DemoLab demo;

  @BeforeAll
  static void open() {
    demo = DemoLab.open(CrashIT.class);
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  @Test
  void inTheMiddleOfTar() {
    SampleTree.write(demo.data("tree"), 1_000, 4);
    var archive = demo.data("tree.tar").toString();
    demo.lab().host("tar", "-C", demo.data("tree").toString(), "-cf", archive, ".");
    var mount = demo.mount("4.2");
    var check = "tar -C tar -df " + demo.inGuest("tree.tar");

    // Records are of 10 KiB, so that this is a good third.
    var tar =
        mount.start(
            "mkdir tar; tar -C tar -xf %s --checkpoint=3000 --checkpoint-action=exec='touch %s'"
                .formatted(demo.inGuest("tree.tar"), demo.inGuest("tar-is-on")));
    Await.until("tar is on", LIMIT, () -> Files.exists(demo.data("tar-is-on")));
    assertThat(tar.isDone()).isFalse();
    demo.gateway().kill();
    demo.gateway().start();

    tar.await(LIMIT).orFail();
    assertThat(mount.sh(check)).isEmpty();
    demo.gateway().flush();
    demo.loseState(mount);
    assertThat(mount.sh(check)).isEmpty();
    mount.detach();
  }

  /**
   * One kill after the other while files are written, synced and renamed; each that was done is in
   * a manifest. More kills: {@code -Dkills=50}.
   */
  @Test
  @Timeout(2_400) // the default is ten minutes
  void manyTimesWhileFilesAreMade() throws IOException {
    var manifest = demo.data("manifest");
    Files.writeString(manifest, "");
    var mount = demo.mount("4.2");
    var writer =
        mount.start(
            """
            mkdir many; i=0
            until [ -e %1$s ]; do
              i=$((i + 1))
              head -c $((1 + i * 7919 %% 200000)) /dev/urandom >many/new
              sync many/new
              mv many/new many/f$i
              sha256sum many/f$i >>%2$s
            done
            """
                .formatted(demo.inGuest("enough"), demo.inGuest("manifest")));
    for (var kill = 1; kill <= KILLS; kill++) {
      var before = lines(manifest);
      Await.until("files are made", LIMIT, () -> lines(manifest) >= before + FILES_BETWEEN_KILLS);
      demo.gateway().kill();
      demo.gateway().start();
    }
    demo.lab().host("touch", demo.data("enough").toString());
    writer.await(LIMIT).orFail();

    var check = "sha256sum --check --quiet " + demo.inGuest("manifest");
    assertThat(lines(manifest)).isGreaterThanOrEqualTo((long) KILLS * FILES_BETWEEN_KILLS);
    mount.remount();
    assertThat(mount.sh(check)).isEmpty();
    demo.gateway().flush();
    demo.loseState(mount);
    assertThat(mount.sh(check)).isEmpty();
    mount.detach();
  }

  private static long lines(Path file) {
    try (var lines = Files.lines(file)) {
      return lines.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void inTheMiddleOfDd() {
    SampleTree.writeFile(demo.data("big"), DD_BYTES, 5);
    var digest = TreeListing.sha256(demo.data("big"));
    var mount = demo.mount("4.2");

    var dd =
        mount.start(
            """
            {
              head -c %1$d %2$s
              touch %3$s
              tail -c +%4$d %2$s
            } | dd of=big bs=1M iflag=fullblock conv=fsync status=none
            """
                .formatted(
                    DD_BYTES / 2, demo.inGuest("big"), demo.inGuest("dd-is-on"), DD_BYTES / 2 + 1));
    Await.until("dd is on", LIMIT, () -> Files.exists(demo.data("dd-is-on")));
    assertThat(dd.isDone()).isFalse();
    demo.gateway().kill();
    demo.gateway().start();

    dd.await(LIMIT).orFail();
    mount.remount();
    assertThat(mount.sh("sha256sum <big")).startsWith(digest);
    demo.gateway().flush();
    demo.loseState(mount);
    assertThat(mount.sh("sha256sum <big")).startsWith(digest);
    mount.detach();
  }

  @Test
  void afterAnFsync() {
    var mount = demo.mount("4.1");
    mount.sh("echo stable >stable; sync stable; mkdir made; mv stable made/moved");

    demo.gateway().kill();
    demo.gateway().start();
    mount.remount();
    assertThat(mount.sh("cat made/moved")).isEqualTo("stable\n");
    mount.detach();
  }

  @Test
  void locksAndOpenFilesGoOn() {
    var mount = demo.mount("4.2");
    var release = demo.data("release");
    var holder =
        mount.start(
            """
            exec 3>>held; flock 3; echo before >&3; touch %s
            until [ -e %s ]; do sleep 0.05; done
            echo after >&3
            """
                .formatted(demo.inGuest("holds"), demo.inGuest("release")));
    Await.until("the lock is held", LIMIT, () -> Files.exists(demo.data("holds")));
    demo.gateway().kill();
    demo.gateway().start();
    demo.lab().host("touch", release.toString());

    holder.await(LIMIT).orFail();
    assertThat(mount.sh("cat held")).isEqualTo("before\nafter\n");
    mount.detach();
  }
}
