package io.bucketfs.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.Gateway;
import io.bucketfs.e2e.lab.Guest;
import io.bucketfs.e2e.lab.KernelTest;
import io.bucketfs.e2e.lab.MountOptions;
import io.bucketfs.e2e.lab.Output;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Rules about who may use a mount, as two kernels with different addresses meet them. */
@KernelTest
final class AccessIT {
  private static final Duration REFUSED_MAX = Duration.ofSeconds(60);

  private static DemoLab demo;
  private static Guest first;
  private static Guest second;

  @BeforeAll
  static void open() {
    demo = DemoLab.open(AccessIT.class);
    first = demo.client();
    second = demo.lab().boot("beta");
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  @AfterEach
  void letEverybodyIn() {
    set("--client", "any", "--sub-export", "none");
  }

  private static void set(String... options) {
    var command = new ArrayList<>(List.of("mount", "set", "demo"));
    command.addAll(List.of(options));
    demo.gateway().command(command.toArray(String[]::new)).orFail();
  }

  /** The address that a guest comes from. */
  private static String address(Guest guest) {
    return guest.hostAddress().replaceAll("\\.1$", ".2");
  }

  private static Output tryToMount(Guest guest, String export, String options) {
    return guest
        .start(
            "mkdir -p /run/refused; mount -t nfs4 -o vers=4.2,port=%d%s %s:%s /run/refused"
                .formatted(Gateway.PORT, options, guest.hostAddress(), export))
        .await(REFUSED_MAX);
  }

  @Test
  void rulesChangeWhileClientsHaveItMounted() {
    var one = demo.mount("4.2");
    var two = demo.mount(second, "4.2");
    one.sh("mkdir -m 777 shared; echo one >shared/a");

    set("--client", address(first), "--client", address(second) + ",ro");
    assertThat(two.sh("cat shared/a")).isEqualTo("one\n");
    assertThat(two.run("echo two >shared/b").stderr()).contains("Read-only file system");
    assertThat(two.run("rm shared/a").stderr()).contains("Read-only file system");
    one.sh("echo more >>shared/a");

    set("--client", address(first) + ",squash=root", "--client", address(second) + ",squash=all");
    one.sh("touch shared/squashed");
    assertThat(one.sh("stat -c %u:%g shared/squashed")).isEqualTo("65534:65534\n");
    assertThat(one.run("mkdir at-the-root").stderr()).contains("Permission denied");
    two.sh("setpriv --reuid 1000 --regid 1000 --clear-groups touch shared/anonymous");
    assertThat(two.sh("stat -c %u:%g shared/anonymous")).isEqualTo("65534:65534\n");

    set("--client", address(first));
    assertThat(two.run("cat shared/a").exitCode()).isNotZero();
    assertThat(two.run("ls shared").stderr()).contains("Permission denied");
    var refused = tryToMount(second, "/demo", "");
    assertThat(refused.exitCode()).isNotZero();
    assertThat(refused.stderr()).contains("No such file or directory");

    set("--client", "any");
    assertThat(two.sh("cat shared/a")).isEqualTo("one\nmore\n");
    two.detach();
    one.detach();
  }

  @Test
  void aSubExportGivesADirectoryAndAnIdentity() {
    var one = demo.mount("4.2");
    one.sh("mkdir -p teams/a teams/b; chown 1000:1000 teams/a; echo secret >teams/b/s");
    set(
        "--client",
        address(first),
        "--sub-export",
        "team path=teams/a uid=1000 gid=1000 client=" + address(second));
    assertThat(tryToMount(second, "/demo", "").stderr()).contains("No such file or directory");
    assertThat(tryToMount(first, "/team", "").stderr()).contains("No such file or directory");
    var two = second.mount(MountOptions.of("4.2", Gateway.PORT), "/team");
    two.sh("mkdir d; echo x >d/f; mv d/f d/g; ln d/g d/h");
    assertThat(two.sh("stat -c %u:%g d/g")).isEqualTo("1000:1000\n");
    assertThat(one.sh("cat teams/a/d/h")).isEqualTo("x\n");
    // All that is served to this client is below the sub-export.
    var all = second.mount(MountOptions.of("4.2", Gateway.PORT), "/");
    assertThat(all.sh("ls")).isEqualTo("team\n");
    assertThat(all.sh("find . -name s | wc -l").strip()).isEqualTo("0");
    all.detach();

    demo.gateway().stop();
    demo.gateway().start();
    assertThat(two.sh("cat d/g")).isEqualTo("x\n");
    two.sh("echo y >d/after; sync");
    assertThat(demo.gateway().command("mount", "show", "demo").orFail())
        .contains("team path=teams/a uid=1000 gid=1000");
    two.detach();
    one.detach();
  }

  /** A mount that asks for what is not offered ends, and says so. */
  @Test
  void securityThatIsNotOfferedIsRefusedAndDoesNotHang() {
    for (var flavor : List.of("krb5", "krb5i", "krb5p")) {
      var refused = tryToMount(first, "/demo", ",sec=" + flavor);
      assertThat(refused.exitCode()).as("%s", refused).isNotZero();
      assertThat(refused.stderr()).startsWith("mount");
    }
    var none = tryToMount(first, "/demo", ",sec=none");
    assertThat(none.exitCode()).as("%s", none).isNotZero();
    assertThat(none.stderr()).startsWith("mount");
    set("--client", "any,squash=all");
    var mount = first.mount(MountOptions.of("4.2", Gateway.PORT).with("sec=none"), "/demo");
    mount.sh("ls");
    mount.detach();
  }
}
