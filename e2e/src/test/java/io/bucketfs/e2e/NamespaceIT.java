package io.bucketfs.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.lab.KernelTest;
import io.bucketfs.e2e.lab.NfsMount;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Names and attributes: what POSIX promises, kept over a remount and over the loss of the state.
 */
@KernelTest
final class NamespaceIT {
  private static final String MAKE_ATTRIBUTES =
      """
      echo one >plain
      echo two >script; chmod 0755 script
      echo three >secret; chmod 0400 secret; chown 1234:5678 secret
      echo four >special; chmod 6755 special
      mkdir private; chown 42:43 private; chmod 2770 private; echo five >private/file
      mkdir empty
      ln -s ../no/where dangling
      ln -s plain link
      mkfifo pipe
      touch -d '2001-02-03 04:05:06.123456789' plain
      touch -d '1969-12-31 23:59:58.000000001' script
      touch -d '2106-02-07 06:28:16.999999999' secret
      """;

  /** Everything that lasts: not inode numbers, and of directories not their times. */
  private static final String LIST =
      """
      find . ! -type d -printf '%p %y %#m %U:%G %s %T@ %l\\n' | sort
      find . -type d -printf '%p %y %#m %U:%G\\n' | sort
      find . -type f | sort | xargs cat
      """;

  private static DemoLab demo;

  @BeforeAll
  static void open() {
    demo = DemoLab.open(NamespaceIT.class);
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"4.1", "4.2"})
  void attributesOutliveRemountAndState(String version) {
    var mount = demo.mount(version);
    var folder = "attributes-" + version;
    mount.sh("mkdir " + folder);
    mount.sh("cd " + folder + "\n" + MAKE_ATTRIBUTES);
    var list = "cd " + folder + "\n" + LIST;
    var before = mount.sh(list);
    assertThat(before)
        .contains("./plain f 0644 0:0 4 981173106.1234567890")
        .contains("./secret f 0400 1234:5678 6 4294967296.9999999990")
        .contains("./special f 06755")
        .contains("./private d 02770 42:43");

    mount.remount();
    assertThat(mount.sh(list)).isEqualTo(before);

    demo.gateway().flush();
    demo.loseState(mount);
    assertThat(mount.sh(list)).isEqualTo(before);
    mount.detach();
  }

  @ParameterizedTest
  @ValueSource(strings = {"4.1", "4.2"})
  void hardLinksAreOneFile(String version) {
    var mount = demo.mount(version);
    var folder = "links-" + version;

    mount.sh(
        "mkdir %s; cd %s; echo one >a; ln a b; mkdir sub; ln b sub/c".formatted(folder, folder));
    mount.sh("cd %s; echo two >>sub/c; chmod 0600 b".formatted(folder));
    mount.remount();
    assertThat(mount.sh("cd %s; stat -c '%%h %%a %%s' a b sub/c; cat a".formatted(folder)))
        .isEqualTo("3 600 8\n3 600 8\n3 600 8\none\ntwo\n");
    assertThat(mount.sh("cd %s; stat -c %%i a b sub/c | sort -u | wc -l".formatted(folder)))
        .isEqualTo("1\n");
    mount.sh("cd %s; rm a".formatted(folder));
    assertThat(mount.sh("cd %s; stat -c %%h b; cat b".formatted(folder)))
        .isEqualTo("2\none\ntwo\n");

    demo.gateway().flush();
    demo.loseState(mount);
    assertThat(mount.sh("cd %s; ls; cat b sub/c".formatted(folder)))
        .isEqualTo("b\nsub\none\ntwo\none\ntwo\n");
    mount.detach();
  }

  @Test
  void renamesReplaceAndMove() {
    var mount = demo.mount("4.2");
    mount.sh(
        """
        mkdir renames; cd renames
        echo old >target; echo new >source; mv source target
        mkdir -p from/deep/er; echo x >from/deep/er/file; mv from to
        mkdir emptied; mv -T to/deep emptied
        """);
    var expected = "renames/emptied/er/file\nrenames/target\n";
    assertThat(files(mount, "renames")).isEqualTo(expected);
    assertThat(mount.sh("cat renames/target renames/emptied/er/file")).isEqualTo("new\nx\n");

    demo.gateway().flush();
    mount.sh("mv renames renamed; mv renamed/target renamed/last");
    demo.gateway().flush();
    assertThat(demo.bucket().list("renames/")).isEmpty();

    demo.loseState(mount);
    assertThat(files(mount, "renamed")).isEqualTo("renamed/emptied/er/file\nrenamed/last\n");
    assertThat(mount.sh("cat renamed/last renamed/emptied/er/file")).isEqualTo("new\nx\n");
    mount.detach();
  }

  @Test
  void removalReachesTheBucket() {
    var mount = demo.mount("4.2");
    mount.sh("mkdir -p gone/a/b; for i in $(seq 300); do echo $i >gone/a/b/$i; done; echo >gone/x");
    demo.gateway().flush();
    assertThat(demo.bucket().list("gone/")).hasSizeGreaterThan(300);

    assertThat(mount.run("rmdir gone/a").stderr()).contains("not empty");
    mount.sh("rm -r gone");
    assertThat(mount.run("ls gone").stderr()).contains("No such file");
    demo.gateway().flush();
    assertThat(demo.bucket().list("gone/")).isEmpty();

    demo.loseState(mount);
    assertThat(mount.run("ls gone").stderr()).contains("No such file");
    mount.detach();
  }

  @Test
  void anOpenFileOutlivesItsName() {
    var mount = demo.mount("4.2");

    assertThat(mount.sh("echo kept >open; exec 3<open 4>>open; rm open; echo more >&4; cat <&3"))
        .isEqualTo("kept\nmore\n");
    assertThat(mount.sh("ls -A | grep -c nfs || true")).isEqualTo("0\n");
    mount.detach();
  }

  @Test
  void filesGrowShrinkAndHaveHoles() {
    var mount = demo.mount("4.2");
    mount.sh(
        """
        printf 0123456789 >grown; truncate -s 4 grown; truncate -s 8 grown; printf ab >>grown
        truncate -s 100000 hole; printf end | dd of=hole bs=1 seek=50000 conv=notrunc status=none
        """);
    mount.remount();
    assertThat(mount.sh("od -An -c grown | tr -d ' \\n'")).isEqualTo("0123\\0\\0\\0\\0ab");
    assertThat(mount.sh("stat -c %s hole; tr -d '\\0' <hole")).isEqualTo("100000\nend");
    mount.detach();
  }

  private static String files(NfsMount mount, String folder) {
    return mount.sh("find " + folder + " -type f | sort");
  }
}
