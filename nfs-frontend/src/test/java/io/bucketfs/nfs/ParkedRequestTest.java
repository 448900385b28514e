package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import io.bucketfs.nfs.TestState.Opened;
import io.bucketfs.nfs.status.NfsStatus;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that wait for S3, and what the client sees meanwhile (RFC 8881, 2.10.6.1, 2.10.6.2). */
@Timeout(60)
final class ParkedRequestTest {
  private final CountDownLatch fetched = new CountDownLatch(1);
  private final AtomicInteger waiting = new AtomicInteger();
  private NfsTestServer server;
  private TestClient client;
  private Opened file;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(slow(new MemoryFileSystem()), Duration.ofSeconds(60));
    client = TestClient.connected(server.port(), "a");
    file = TestState.open(client, "o", "f", TestState.BOTH, 0);
    client.call(putFh(file.handle()), TestOps.write(file.id(), 0, new byte[3])).requireOk();
  }

  @AfterEach
  void stop() {
    fetched.countDown();
    client.close();
    server.close();
  }

  /** All reads wait. */
  private FileSystem slow(FileSystem real) {
    return (FileSystem)
        Proxy.newProxyInstance(
            ParkedRequestTest.class.getClassLoader(),
            new Class<?>[] {FileSystem.class},
            (_, method, arguments) -> {
              if (method.getName().equals("read")) {
                if (arguments[arguments.length - 1] == Patience.NONE) {
                  throw WouldBlock.INSTANCE;
                }
                waiting.incrementAndGet();
                fetched.await();
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void aRetryOverAnotherConnectionGetsTheReplyOfTheRequestThatRuns() throws Exception {
    var read = TestOps.read(file.id(), 0, 3);
    var first = client.slot(1).async(putFh(file.handle()), read);
    Eventually.holds(() -> waiting.get() == 1);
    var second = client.connect();
    var retry = client.slot(1).over(second).asyncAgain(putFh(file.handle()), read);
    client
        .slot(1)
        .over(second)
        .again(putFh(file.handle()), TestOps.read(file.id(), 0, 2))
        .require(NfsStatus.SEQ_FALSE_RETRY);
    client.slot(1).over(second).call(putRoot()).require(NfsStatus.SEQ_MISORDERED);
    assertThat(retry).isNotDone();
    fetched.countDown();
    var one = TestCaller.await(first).requireOk();
    var two = TestCaller.await(retry).requireOk();
    assertThat(two.body()).isEqualTo(one.body());
    assertThat(waiting.get()).as("it ran once").isEqualTo(1);
  }

  /** The connection is gone when the reply is ready; the client asks again over another one. */
  @Test
  void aReplyOutlivesTheConnectionOfItsRequest() throws Exception {
    var read = TestOps.read(file.id(), 0, 3);
    var _ = client.slot(1).async(putFh(file.handle()), read);
    Eventually.holds(() -> waiting.get() == 1);
    client.reconnect();
    var retry = client.slot(1).asyncAgain(putFh(file.handle()), read);
    fetched.countDown();
    var again = TestCaller.await(retry);
    assertThat(again.status()).isIn(NfsStatus.OK.code(), NfsStatus.RETRY_UNCACHED_REP.code());
    assertThat(waiting.get()).isEqualTo(1);
  }

  @Test
  void moreSlotsAreOfferedWhileManyWaitAndOthersAreServed() throws Exception {
    var replies = new ArrayList<CompletableFuture<TestReply>>();
    for (var slot = 1; slot <= 32; slot++) {
      replies.add(client.slot(slot).async(putFh(file.handle()), TestOps.read(file.id(), 0, 3)));
    }
    Eventually.holds(() -> waiting.get() == 32);
    var told = client.call(putRoot()).requireOk().requireSequence();
    assertThat(told.targetHighestSlot()).isGreaterThanOrEqualTo(95);
    assertThat(told.highestSlot()).isEqualTo(told.targetHighestSlot());
    client.slot(told.highestSlot()).call(putRoot()).requireOk();
    client.slot(told.highestSlot() + 1).call(putRoot()).require(NfsStatus.BADSLOT);
    fetched.countDown();
    for (var reply : replies) {
      TestCaller.await(reply).requireOk();
    }
  }

  @Test
  void aClientWhoseRequestWaitsKeepsItsLease() throws Exception {
    try (var hasty = new NfsTestServer(slow(new MemoryFileSystem()), Duration.ofSeconds(1));
        var patient = TestClient.connected(hasty.port(), "patient");
        var other = TestClient.connected(hasty.port(), "other")) {
      var held = TestState.open(patient, "o", "f", TestState.BOTH, TestState.BOTH);
      var _ = patient.slot(1).async(putFh(held.handle()), TestOps.read(held.id(), 0, 3));
      Eventually.holds(() -> waiting.get() == 1);
      var end = System.nanoTime() + Duration.ofMillis(2500).toNanos();
      while (System.nanoTime() < end) {
        TestState.tryOpen(other, "o", "f", TestState.READ, 0).require(NfsStatus.SHARE_DENIED);
      }
      fetched.countDown();
    }
  }
}
