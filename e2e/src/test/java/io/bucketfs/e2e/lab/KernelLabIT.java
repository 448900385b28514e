package io.bucketfs.e2e.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The lab itself: what a test may rely on before any server is there. */
@KernelTest
final class KernelLabIT {
  private static KernelLab lab;
  private static Guest guest;

  @BeforeAll
  static void boot() {
    lab = KernelLab.open(KernelLabIT.class);
    guest = lab.boot("alpha");
  }

  @AfterAll
  static void powerOff() {
    lab.close();
  }

  @Test
  void commandsReturnWhatTheyPrintAndTheirExitCode() {
    var output = guest.run("hostname; echo trouble >&2; exit 3");

    assertThat(output.exitCode()).isEqualTo(3);
    assertThat(output.stdout()).isEqualTo("alpha\n");
    assertThat(output.stderr()).isEqualTo("trouble\n");
  }

  @Test
  void commandsStopAtTheFirstFailure() {
    assertThat(guest.run("false; echo not reached").stdout()).isEmpty();
  }

  @Test
  void commandsRunSideBySide() {
    var reader = guest.start("mkfifo /tmp/pipe; cat /tmp/pipe");
    guest.sh("while ! [ -p /tmp/pipe ]; do sleep 0.01; done; echo hello >/tmp/pipe");

    assertThat(reader.await(Duration.ofSeconds(10)).orFail()).isEqualTo("hello\n");
  }

  @Test
  void aCommandThatHangsFails() {
    assertThatThrownBy(() -> guest.sh(Duration.ofMillis(200), "sleep 5"))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("sleep 5");
  }

  @Test
  void filesGoBothWaysThroughTheLabsFolder() throws Exception {
    Files.writeString(lab.data().resolve("from-host"), "one");
    guest.sh("cd %s; sed s/one/two/ from-host >from-guest".formatted(lab.inGuest(lab.data())));

    assertThat(lab.data().resolve("from-guest")).hasContent("two");
  }

  @Test
  void theHostIsReadOnlyButForTheLabsFolder() {
    assertThat(guest.run("echo x >/etc/bucketfs-lab").stderr()).contains("Read-only file system");
  }
}
