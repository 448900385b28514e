package io.bucketfs.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.Await;
import io.bucketfs.e2e.gateway.Gateway;
import io.bucketfs.e2e.gateway.Wire;
import io.bucketfs.e2e.lab.Guest;
import io.bucketfs.e2e.lab.KernelTest;
import io.bucketfs.e2e.lab.MountOptions;
import io.bucketfs.e2e.lab.NfsMount;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A client with locks held and I/O running sees nothing of a gateway that is restarted, killed or
 * paused, nor of connections that break, and keeps its locks where the machine lost power.
 */
@KernelTest
final class RestartIT {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final Duration LEASE = Duration.ofSeconds(10);
  private static final long SEED = 11;

  /** Changes names until it is stopped. Under {@code sh -e} the first surprise ends it. */
  private static final String LOOP =
      """
      mkdir loop%1$d; cd loop%1$d
      n=0
      until [ -e %2$s ]; do
        n=$((n+1))
        mkdir d$n
        mv d$n e$n
        echo $n >e$n/f
        mv e$n/f e$n/g
        ln e$n/g e$n/h
        [ "$(cat e$n/h)" = $n ]
        rm e$n/g e$n/h
        rmdir e$n
        set -- *
        [ "$*" = '*' ]
      done
      echo $n
      """;

  private static DemoLab demo;
  private static Guest second;

  @BeforeAll
  static void open() {
    demo = DemoLab.open(RestartIT.class, Map.of("BUCKETFS_LEASE", LEASE.toSeconds() + "s"));
    second = demo.lab().boot("beta");
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  /** A lock that is held while bytes are written, and the end of both. */
  private record Holder(Guest.Command command, NfsMount mount, String name) {
    /** Starts it, and returns once it holds the lock. */
    static Holder start(NfsMount mount, String name) {
      var command =
          mount.start(
              """
              exec 3>>%1$s; flock 3; touch %2$s
              until [ -e %3$s ]; do echo more >&3; echo x >%1$s.io; cat %1$s.io >/dev/null; done
              echo last >&3
              """
                  .formatted(name, demo.inGuest(name + "-holds"), demo.inGuest(name + "-end")));
      Await.until("the lock is held", LIMIT, () -> Files.exists(demo.data(name + "-holds")));
      return new Holder(command, mount, name);
    }

    void requireExcludes(NfsMount other) {
      assertThat(other.run("flock -n %s true".formatted(name)).exitCode()).isEqualTo(1);
    }

    /** Lets it end, which it must have reached in order. */
    void end() {
      assertThat(command.isDone()).isFalse();
      demo.lab().host("touch", demo.data(name + "-end").toString());
      command.await(LIMIT).orFail();
      assertThat(mount.sh("tail -n 1 " + name)).isEqualTo("last\n");
    }
  }

  private static double count(String operation) {
    return demo.gateway().metrics().sum("bucketfs_nfs_requests_total", "op=\"" + operation + "\"");
  }

  /** Nothing was made anew or reclaimed since the gateway started: the session goes on. */
  private static void requireSameSession() {
    Await.until("a client is back", LIMIT, () -> count("sequence") > 0);
    assertThat(count("exchange_id")).isZero();
    assertThat(count("create_session")).isZero();
    assertThat(count("reclaim_complete")).isZero();
    assertThat(demo.gateway().command("status").orFail()).doesNotContain("Grace");
  }

  @Test
  void aKilledGatewayGoesOnWithSessionsOpensAndLocks() {
    var mount = demo.mount("4.2");
    var other = demo.mount(second, "4.1");
    var holder = Holder.start(mount, "killed");
    for (var round = 0; round < 3; round++) {
      demo.gateway().kill();
      demo.gateway().start();
      // Before anybody came back.
      assertThat(demo.gateway().command("clients").orFail()).contains("alpha", "beta");
      holder.requireExcludes(other);
      requireSameSession();
    }
    holder.end();
    detach(mount, other);
  }

  @Test
  void aGatewayThatIsStoppedAndStartedGoesOnWithThem() {
    var mount = demo.mount("4.1");
    var other = demo.mount(second, "4.2");
    var holder = Holder.start(mount, "stopped");
    demo.gateway().stop();
    demo.gateway().start();
    holder.requireExcludes(other);
    requireSameSession();
    holder.end();
    detach(mount, other);
  }

  /** Nobody gets in between, and the client takes back what it held. */
  @Test
  void locksAreTakenBackAfterALossOfPower() {
    var mount = demo.mount("4.2");
    var other = demo.mount(second, "4.1");
    var holder = Holder.start(mount, "power");
    for (var round = 0; round < 2; round++) {
      demo.gateway().losePower();
      demo.gateway().start();
      assertThat(demo.gateway().command("status").orFail()).contains("Grace");
      holder.requireExcludes(other);
      Await.until(
          "grace is over",
          LEASE.multipliedBy(2),
          () -> !demo.gateway().command("status").orFail().contains("Grace"));
      assertThat(count("reclaim_complete")).isPositive();
      holder.requireExcludes(other);
    }
    holder.end();
    detach(mount, other);
  }

  @Test
  void loopsOfMkdirRenameAndRmNeverSeeWhatTheyDidThemselves() {
    var mount = demo.mount("4.2");
    var random = new Random(SEED);
    var end = demo.inGuest("loops-end");
    var loops = new Guest.Command[4];
    for (var n = 0; n < loops.length; n++) {
      loops[n] = mount.start(LOOP.formatted(n, end));
    }
    for (var round = 0; round < 6; round++) {
      pause(Duration.ofMillis(500 + random.nextInt(1_500)));
      if (round > 0) {
        requireSameSession();
      }
      demo.gateway().kill();
      demo.gateway().start();
    }
    pause(Duration.ofSeconds(1));
    demo.lab().host("touch", demo.data("loops-end").toString());
    for (var loop : loops) {
      assertThat(Integer.parseInt(loop.await(LIMIT).orFail().strip())).isPositive();
    }
    detach(mount);
  }

  @Test
  void connectionsThatBreakAreNotSeen() throws Exception {
    var random = new Random(SEED);
    try (var wire = Wire.to(Gateway.PORT)) {
      var options = MountOptions.of("4.2", wire.port()).withConnections(4);
      var mount = demo.client().mount(options, Gateway.EXPORT);
      var other = demo.mount(second, "4.2");
      var holder = Holder.start(mount, "cut");
      var end = demo.inGuest("cut-loops-end");
      var loop = mount.start(LOOP.formatted(100, end));
      for (var round = 0; round < 40; round++) {
        wire.cut(random);
        pause(Duration.ofMillis(random.nextInt(300)));
      }
      holder.requireExcludes(other);
      demo.lab().host("touch", demo.data("cut-loops-end").toString());
      assertThat(Integer.parseInt(loop.await(LIMIT).orFail().strip())).isPositive();
      holder.end();
      detach(mount, other);
    }
  }

  /** Leases do not age while the gateway itself stands still. */
  @Test
  void aPausedGatewayTakesNothingFromAnybody() {
    var mount = demo.mount("4.2");
    var other = demo.mount(second, "4.2");
    var holder = Holder.start(mount, "paused");
    demo.gateway().pause(true);
    pause(LEASE.multipliedBy(2));
    demo.gateway().pause(false);
    holder.requireExcludes(other);
    holder.end();
    detach(mount, other);
  }

  /** A client whose lease ran out keeps what nobody else asks for. */
  @Test
  void aClientThatWasCutOffForTwoLeasesGoesOn() throws Exception {
    try (var wire = Wire.to(Gateway.PORT)) {
      var mount = demo.client().mount(MountOptions.of("4.2", wire.port()), Gateway.EXPORT);
      var other = demo.mount(second, "4.2");
      var holder = Holder.start(mount, "away");
      wire.hold(true);
      Await.until(
          "the lease has expired",
          LEASE.multipliedBy(3),
          () -> demo.gateway().command("clients").orFail().contains("expired"));
      wire.hold(false);
      Await.until(
          "the client is back",
          LIMIT,
          () -> !demo.gateway().command("clients").orFail().contains("expired"));
      holder.requireExcludes(other);
      holder.end();
      detach(mount, other);
    }
  }

  private static void pause(Duration time) {
    LockSupport.parkNanos(time.toNanos());
  }

  private static void detach(NfsMount... mounts) {
    for (var mount : mounts) {
      mount.detach();
    }
  }
}
