package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.exec.DispatchLimits;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.netty.buffer.ByteBuf;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One client cannot starve another, on the event loop or with requests that wait. */
@Timeout(60)
final class FairDispatchTest {
  private static final int SLOTS = 64;
  private static final int CONNECTIONS = 4;
  private static final long REQUEST_NANOS = 100_000;
  private static final int REQUESTS_PER_TURN = 5;
  private static final int PARKED_MAX = 8;
  private static final DispatchLimits LIMITS =
      new DispatchLimits(
          Duration.ofNanos(REQUESTS_PER_TURN * REQUEST_NANOS), PARKED_MAX, 16, 1 << 20);

  /** What happens before a call of the file system or of the clock. */
  private interface Before {
    @Nullable Object call(String method, @Nullable Object[] arguments) throws InterruptedException;
  }

  private static <T> T proxy(Class<T> type, T real, Before before) {
    return type.cast(
        Proxy.newProxyInstance(
            FairDispatchTest.class.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              var instead =
                  before.call(method.getName(), arguments == null ? new Object[0] : arguments);
              if (instead != null) {
                return instead;
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private static NfsTestServer server(FileSystem fileSystem, AtomicLong passedNanos)
      throws IOException, InterruptedException {
    return new NfsTestServer(
        fileSystem,
        real ->
            proxy(
                Execution.class,
                real,
                (method, _) ->
                    method.equals("nanoTime") ? System.nanoTime() + passedNanos.get() : null),
        config -> config.withDispatch(1, LIMITS));
  }

  private static InetSocketAddress address(NfsTestServer server) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
  }

  private static TestClient client(NfsTestServer server, String from) throws IOException {
    var client = new TestClient(address(server), 2, TestConnection.from(from, address(server)));
    client.establish(from, 1);
    client.call(TestClient.reclaimComplete()).requireOk();
    return client;
  }

  private static byte[] handle(TestClient client, List<Consumer<ByteBuf>> path) throws IOException {
    var all = new ArrayList<Consumer<ByteBuf>>(List.of(putRoot()));
    all.addAll(path);
    all.add(TestOps.op(OperationCode.GETFH));
    var reply = client.caller().call(all).requireOk();
    reply.body().skipBytes(8 * (all.size() - 1));
    return reply.handle();
  }

  /** A flood over four connections lies before one request of somebody else. */
  @Test
  void aFloodIsAheadOfOthersForOneTurnOnly() throws Exception {
    var order = Collections.synchronizedList(new ArrayList<FileId>());
    var passedNanos = new AtomicLong();
    var begun = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    var armed = new AtomicInteger();
    var fileSystem =
        proxy(
            FileSystem.class,
            new MemoryFileSystem(),
            (method, arguments) -> {
              if (method.equals("attributes") && armed.get() == 1) {
                order.add((FileId) arguments[0]);
                begun.countDown();
                goOn.await();
                passedNanos.addAndGet(REQUEST_NANOS);
              }
              return null;
            });
    try (var server = server(fileSystem, passedNanos);
        var flood = client(server, "127.0.0.2");
        var polite = client(server, "127.0.0.3")) {
      var connections = new ArrayList<>(List.of(flood.connection()));
      while (connections.size() < CONNECTIONS) {
        connections.add(flood.adopt(TestConnection.from("127.0.0.2", address(server))));
      }
      polite.call(putRoot(), lookup("data"), TestOps.makeDirectory("d")).requireOk();
      var flooded = handle(flood, List.of(lookup("data")));
      var wanted = handle(polite, List.of(lookup("data"), lookup("d")));
      armed.set(1);
      var getSize = getAttr(Attribute.SIZE);
      connections.getFirst().send(flood.caller().newRecord(putFh(flooded), getSize));
      begun.await();
      for (var slot = 1; slot < SLOTS; slot++) {
        connections
            .get(slot % CONNECTIONS)
            .send(flood.slot(slot).newRecord(putFh(flooded), getSize));
      }
      polite.send(polite.caller().newRecord(putFh(wanted), getSize));
      goOn.countDown();
      polite.receive().requireOk();
      for (var slot = 0; slot < SLOTS; slot++) {
        TestReply.read(connections.get(slot % CONNECTIONS).receiveRaw()).requireOk();
      }
      assertThat(order).hasSize(SLOTS + 1);
      var first = order.getFirst();
      var at =
          order.indexOf(order.stream().filter(id -> !id.equals(first)).findAny().orElseThrow());
      // The one that was running, and what its time had left or one more turn.
      assertThat(at).isBetween(1, 1 + 2 * REQUESTS_PER_TURN);
    }
  }

  /** What waits for S3 is bounded per client, and what is over that begins when others end. */
  @Test
  void requestsThatWaitAreBoundedPerClient() throws Exception {
    var running = new AtomicInteger();
    var most = new AtomicInteger();
    var begun = new Semaphore(0);
    var gate = new Semaphore(0);
    var politeBegun = new CountDownLatch(1);
    var fileSystem =
        proxy(
            FileSystem.class,
            new MemoryFileSystem(),
            (method, arguments) -> {
              if (!method.equals("read")) {
                return null;
              }
              if (arguments[3] == Patience.NONE) {
                throw WouldBlock.INSTANCE;
              }
              if (Long.valueOf(1).equals(arguments[1])) {
                politeBegun.countDown();
                return null;
              }
              most.accumulateAndGet(running.incrementAndGet(), Math::max);
              begun.release();
              gate.acquire();
              running.decrementAndGet();
              return null;
            });
    try (var server = server(fileSystem, new AtomicLong());
        var flood = client(server, "127.0.0.2");
        var polite = client(server, "127.0.0.3")) {
      var create = TestOps.open("o", "f", 3, 0, TestOps.UNCHECKED);
      flood.call(putRoot(), lookup("data"), create).requireOk();
      var file = handle(flood, List.of(lookup("data"), lookup("f")));
      var replies = new ArrayList<CompletableFuture<TestReply>>();
      for (var slot = 1; slot < SLOTS; slot++) {
        replies.add(flood.slot(slot).async(putFh(file), TestOps.read(StateId.ANONYMOUS, 0, 4096)));
      }
      begun.acquire(PARKED_MAX);
      // Others are answered at once, whether they wait or not.
      polite.call(putFh(file), TestOps.read(StateId.ANONYMOUS, 1, 4096)).requireOk();
      politeBegun.await();
      polite.call(putFh(file), getAttr(Attribute.SIZE)).requireOk();
      assertThat(begun.tryAcquire()).isFalse();
      gate.release();
      begun.acquire();
      gate.release(SLOTS);
      for (var reply : replies) {
        TestCaller.await(reply).requireOk();
      }
      assertThat(most.get()).isEqualTo(PARKED_MAX);
    }
  }

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }
}
