package io.bucketfs.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.Await;
import io.bucketfs.e2e.lab.Guest;
import io.bucketfs.e2e.lab.KernelTest;
import io.bucketfs.e2e.lab.NfsMount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Two kernels on one gateway: what one has closed the other sees, and locks exclude. */
@KernelTest
final class TwoClientsIT {
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final int COUNTS = 100;

  /** Adds one to a number in a file, many times, under a lock. Any lost lock loses a count. */
  private static final String COUNT =
      """
      import fcntl, os, sys
      lock = fcntl.flock if sys.argv[1] == "flock" else fcntl.lockf
      for _ in range(int(sys.argv[3])):
          with open(sys.argv[2], "r+") as file:
              lock(file, fcntl.LOCK_EX)
              number = int(file.read() or "0") + 1
              file.seek(0)
              file.write(str(number))
              file.flush()
              os.fsync(file.fileno())
              lock(file, fcntl.LOCK_UN)
      """;

  private static DemoLab demo;
  private static Guest second;

  @BeforeAll
  static void open() throws Exception {
    demo = DemoLab.open(TwoClientsIT.class);
    second = demo.lab().boot("beta");
    Files.writeString(demo.data("count.py"), COUNT);
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"4.1", "4.2"})
  void eachSeesWhatTheOtherClosed(String version) {
    var one = demo.mount(version);
    var two = demo.mount(second, version);
    var file = "shared-" + version;
    one.sh("echo 0 >" + file);

    for (var round = 1; round <= 10; round++) {
      var writer = round % 2 == 0 ? one : two;
      var reader = round % 2 == 0 ? two : one;
      // Some rounds keep the length, so that only the change attribute tells.
      writer.sh("echo %d >%s".formatted(round, file));
      assertThat(reader.sh("cat " + file)).isEqualTo(round + "\n");
      writer.sh(
          "echo more >>%s; mv %s %s.new; mv %s.new %s".formatted(file, file, file, file, file));
      assertThat(reader.sh("cat " + file)).isEqualTo(round + "\nmore\n");
    }
    two.sh("mkdir dir-%s; touch dir-%s/a".formatted(version, version));
    assertThat(one.sh("ls dir-" + version)).isEqualTo("a\n");
    detach(one, two);
  }

  @ParameterizedTest
  @CsvSource({"4.1,flock", "4.2,flock", "4.1,fcntl", "4.2,fcntl"})
  void locksExclude(String version, String kind) {
    var one = demo.mount(version);
    var two = demo.mount(second, version);
    var file = "counter-%s-%s".formatted(kind, version);
    one.sh("touch " + file);
    var count = "python3 %s %s %s %d".formatted(demo.inGuest("count.py"), kind, file, COUNTS);

    var commands = new Guest.Command[] {one.start(count), two.start(count)};
    for (var command : commands) {
      command.await(LIMIT).orFail();
    }
    assertThat(one.sh("cat " + file)).isEqualTo("" + 2 * COUNTS);
    detach(one, two);
  }

  /** A lock that is held until it is told to end. */
  private record Holder(Guest.Command command, Path release) {
    static Holder of(NfsMount mount, String file) {
      var held = demo.data("holds-" + file);
      var release = demo.data("release-" + file);
      var command =
          mount.start(
              "flock %s sh -c 'touch %s; until [ -e %s ]; do sleep 0.05; done'"
                  .formatted(
                      file,
                      demo.inGuest(held.getFileName().toString()),
                      demo.inGuest(release.getFileName().toString())));
      Await.until("the lock is held", LIMIT, () -> Files.exists(held));
      return new Holder(command, release);
    }

    void end() {
      demo.lab().host("touch", release.toString());
      command.await(LIMIT).orFail();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"4.1", "4.2"})
  void aLockIsRefusedWhileTheOtherHoldsIt(String version) {
    var one = demo.mount(version);
    var two = demo.mount(second, version);
    var file = "held-" + version;
    var holder = Holder.of(one, file);
    assertThat(two.run("flock -n %s true".formatted(file)).exitCode()).isEqualTo(1);
    holder.end();
    two.sh("flock -n %s true".formatted(file));
    detach(one, two);
  }

  /** It goes to who waits for it; what the loser writes then is an error, and not in the file. */
  @Test
  void aLockCanBeTakenAwayFromAClient() {
    var one = demo.mount("4.2");
    var two = demo.mount(second, "4.2");
    var held = demo.data("revoked-is-held");
    var loser =
        one.start(
            "exec 3>>revoked; flock 3; echo before >&3; sync revoked; touch %s; "
                    .formatted(demo.inGuest("revoked-is-held"))
                + "until [ -e %s ]; do sleep 0.05; done; echo after >&3; sync revoked"
                    .formatted(demo.inGuest("revoked-goes-on")));
    Await.until("the lock is held", LIMIT, () -> Files.exists(held));
    var waiter = two.start("flock revoked true");
    two.sh("sleep 3"); // its kernel has asked by then
    assertThat(waiter.isDone()).isFalse();

    var clients = demo.gateway().command("clients").orFail();
    var id =
        clients
            .lines()
            .filter(line -> line.contains("alpha"))
            .map(line -> line.substring(0, line.indexOf(" ")))
            .findFirst()
            .orElseThrow(() -> new AssertionError(clients));
    demo.gateway().command("clients", "revoke", id, "--yes").orFail();
    waiter.await(LIMIT).orFail();
    one.sh("sleep 3"); // its kernel has been told by then
    demo.lab().host("touch", demo.data("revoked-goes-on").toString());
    assertThat(loser.await(LIMIT).exitCode()).isPositive();
    assertThat(two.sh("cat revoked")).isEqualTo("before\n");
    assertThat(one.sh("echo more >>revoked; cat revoked")).isEqualTo("before\nmore\n");
    detach(one, two);
  }

  /** A kernel that is not called by CB_NOTIFY_LOCK asks again only after 30 seconds. */
  @ParameterizedTest
  @ValueSource(strings = {"4.1", "4.2"})
  void whoWaitsForALockHasItAsSoonAsItIsFree(String version) {
    var one = demo.mount(version);
    var two = demo.mount(second, version);
    var file = "waited-" + version;
    var holder = Holder.of(one, file);
    var waiter = two.start("flock %s true".formatted(file));
    two.sh("sleep 3"); // its kernel has asked by then
    holder.end();
    waiter.await(Duration.ofSeconds(15)).orFail();
    detach(one, two);
  }

  private static void detach(NfsMount... mounts) {
    for (var mount : mounts) {
      mount.detach();
    }
  }
}
