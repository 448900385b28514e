package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.named;
import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;
import static io.bucketfs.nfs.TestState.BOTH;
import static io.bucketfs.nfs.TestState.READ;
import static io.bucketfs.nfs.TestState.WRITE_LOCK;
import static io.bucketfs.nfs.TestState.lock;
import static io.bucketfs.nfs.TestState.lockAgain;
import static io.bucketfs.nfs.TestState.open;
import static io.bucketfs.nfs.TestState.openResult;
import static io.bucketfs.nfs.TestState.tryOpen;
import static io.bucketfs.nfs.TestState.unlock;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.nfs.TestState.Opened;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A change that was committed before the process was killed and is asked for again afterwards is
 * answered as it was, and not made twice.
 */
@Timeout(120)
final class ExactlyOnceTest {
  private static final long SEED = 7;

  private CrashingServer server;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    server = new CrashingServer(SEED, Duration.ofSeconds(60));
    client = TestClient.connected(server.port(), "a");
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    server.close();
  }

  /** Kills the process, and sends the last request again: its reply must be the same. */
  @SafeVarargs
  private TestReply twice(Consumer<ByteBuf>... operations) throws Exception {
    var first = client.call(operations).requireOk();
    client = kill(client);
    var second = client.again(operations);
    assertThat(second.status()).isEqualTo(first.status());
    assertThat(ByteBufUtil.getBytes(second.body())).isEqualTo(ByteBufUtil.getBytes(first.body()));
    // And the next one is the next one.
    client.call(putRoot()).requireOk();
    return second;
  }

  private TestClient kill(TestClient before) throws Exception {
    server.crash(Crash.KILL);
    return server.reconnected(before);
  }

  @Test
  void create() throws Exception {
    twice(
        putRoot(),
        lookup("data"),
        TestOps.makeDirectory("d"),
        op(OperationCode.GETFH),
        getAttr(1, 3, 4));
    client.call(putRoot(), lookup("data"), TestOps.makeDirectory("d")).require(NfsStatus.EXIST);
  }

  /**
   * Linux encodes a request anew after its connection broke, and tells which slots it uses by then.
   * Any other difference is no retry.
   */
  @Test
  void whatTellsOfOtherSlotsIsStillTheSameRequest() throws Exception {
    client.call(putRoot(), lookup("data"), TestOps.makeDirectory("d")).requireOk();
    againWithOtherSlots(5, "d").requireOk();
    client = kill(client);
    againWithOtherSlots(9, "d").requireOk();
    againWithOtherSlots(2, "d").requireOk();
    againWithOtherSlots(2, "e").require(NfsStatus.SEQ_FALSE_RETRY);
    client.call(putRoot(), lookup("data"), lookup("e")).require(NfsStatus.NOENT);
  }

  private TestReply againWithOtherSlots(int highest, String name) throws Exception {
    var session = client.requireTestSession();
    var sequence = TestOps.sequence(session.id(), session.sequences().get(0), 0, highest, true);
    var operations = List.of(sequence, putRoot(), lookup("data"), TestOps.makeDirectory(name));
    var record = client.compound(TestConnection.nextXid(), TestOps.array(operations));
    return TestCaller.await(client.connection().call(record).thenApply(TestCaller::read));
  }

  @Test
  void remove() throws Exception {
    client.call(putRoot(), lookup("data"), TestOps.makeDirectory("d")).requireOk();
    twice(putRoot(), lookup("data"), named(OperationCode.REMOVE, "d"));
    client.call(putRoot(), lookup("data"), lookup("d")).require(NfsStatus.NOENT);
  }

  @Test
  void rename() throws Exception {
    client.call(putRoot(), lookup("data"), TestOps.makeDirectory("d")).requireOk();
    twice(putRoot(), lookup("data"), op(OperationCode.SAVEFH), TestOps.rename("d", "e"));
    client.call(putRoot(), lookup("data"), lookup("e")).requireOk();
  }

  @Test
  void link() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    twice(
        putFh(file.handle()),
        op(OperationCode.SAVEFH),
        putRoot(),
        lookup("data"),
        named(OperationCode.LINK, "g"),
        op(OperationCode.RESTOREFH),
        getAttr(3, 35));
  }

  @Test
  void setAttributes() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    client.call(putFh(file.handle()), TestOps.write(file.id(), 0, new byte[10])).requireOk();
    twice(putFh(file.handle()), TestOps.setSize(file.id(), 3), getAttr(3, 4));
  }

  @Test
  void openThatCreates() throws Exception {
    var reply =
        twice(
            putRoot(),
            lookup("data"),
            TestOps.open("o", "f", BOTH, 0, TestOps.GUARDED),
            op(OperationCode.GETFH),
            getAttr(1, 3));
    var id = openResult(reply.ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP));
    var handle = reply.handle();
    client.call(putFh(handle), TestOps.write(id, 0, new byte[1])).requireOk();
    client.call(putFh(handle), TestOps.close(id)).requireOk();
  }

  /** OPEN that makes a file or cuts it to nothing. */
  private static Consumer<ByteBuf> openEmptied(String owner, String name) {
    return op(
        OperationCode.OPEN,
        out -> {
          out.writeInt(0).writeInt(BOTH).writeInt(0).writeLong(0);
          Xdr.writeString(out, owner);
          out.writeInt(1).writeInt(TestOps.UNCHECKED);
          out.writeInt(1).writeInt(1 << 4).writeInt(8).writeLong(0);
          out.writeInt(0);
          Xdr.writeString(out, name);
        });
  }

  /** What was written after the file was cut may not be cut again. */
  @Test
  void openThatTruncates() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    client.call(putFh(file.handle()), TestOps.write(file.id(), 0, new byte[10])).requireOk();
    client.call(putFh(file.handle()), TestOps.close(file.id())).requireOk();
    Consumer<ByteBuf>[] operations =
        TestOps.array(
            List.of(putRoot(), lookup("data"), openEmptied("o", "f"), op(OperationCode.GETFH)));
    client.call(operations).requireOk();
    try (var other = TestClient.connected(server.port(), "b")) {
      var theirs = open(other, "x", "f", BOTH, 0);
      other
          .call(
              putFh(theirs.handle()),
              TestOps.write(theirs.id(), 0, new byte[5]),
              op(OperationCode.COMMIT, out -> out.writeLong(0).writeInt(0)))
          .requireOk();
      client = kill(client);
      client.again(operations).requireOk();
    }
    var size = client.call(putFh(file.handle()), getAttr(4)).requireOk();
    var body = size.ok(OperationCode.PUTFH, OperationCode.GETATTR).body();
    body.skipBytes(8 + 4);
    assertThat(body.readLong()).isEqualTo(5);
  }

  @Test
  void openAndCloseOfWhatIsThere() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    client.call(putFh(file.handle()), TestOps.close(file.id())).requireOk();
    var reply =
        twice(putRoot(), lookup("data"), TestOps.open("o", "f", READ, 0, TestOps.NO_CREATE));
    var id = openResult(reply.ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP));
    twice(putFh(file.handle()), getAttr(3), TestOps.close(id));
  }

  @Test
  void lockAndUnlock() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    var reply = twice(putFh(file.handle()), lock(file.id(), "l", WRITE_LOCK, 0, 10));
    var id = StateId.read(reply.ok(OperationCode.PUTFH, OperationCode.LOCK).body());
    reply = twice(putFh(file.handle()), lockAgain(id, WRITE_LOCK, 20, 10));
    id = StateId.read(reply.ok(OperationCode.PUTFH, OperationCode.LOCK).body());
    twice(putFh(file.handle()), unlock(id, 0, 5));
  }

  /** What another client did meanwhile shows that the retry changes nothing. */
  private void onceAndNotAgain(Opened file, Consumer<ByteBuf> change) throws Exception {
    Consumer<ByteBuf>[] operations =
        TestOps.array(
            List.of(putFh(file.handle()), op(OperationCode.SAVEFH), putFh(file.handle()), change));
    var first = client.call(operations).requireOk();
    client = kill(client);
    try (var other = TestClient.connected(server.port(), "b")) {
      var theirs = open(other, "o", "f", BOTH, 0);
      other
          .call(
              putFh(theirs.handle()),
              TestOps.setSize(theirs.id(), 0),
              TestOps.write(theirs.id(), 0, "later".getBytes(UTF_8)))
          .requireOk();
    }
    var second = client.again(operations).requireOk();
    assertThat(ByteBufUtil.getBytes(second.body())).isEqualTo(ByteBufUtil.getBytes(first.body()));
    var reply = client.call(putFh(file.handle()), TestOps.read(file.id(), 0, 100)).requireOk();
    var body = reply.ok(OperationCode.PUTFH, OperationCode.READ).body();
    body.skipBytes(4);
    assertThat(new String(Xdr.readBytes(body, 100), UTF_8)).isEqualTo("later");
  }

  private Opened fileOfTenBytes() throws IOException {
    var file = open(client, "o", "f", BOTH, 0);
    var data = "0123456789".getBytes(UTF_8);
    client.call(putFh(file.handle()), TestOps.write(file.id(), 0, data)).requireOk();
    return file;
  }

  @Test
  void allocate() throws Exception {
    var file = fileOfTenBytes();
    onceAndNotAgain(file, Minor2Ops.range(OperationCode.ALLOCATE, file.id(), 0, 20));
  }

  @Test
  void deallocate() throws Exception {
    var file = fileOfTenBytes();
    onceAndNotAgain(file, Minor2Ops.range(OperationCode.DEALLOCATE, file.id(), 2, 2));
  }

  @Test
  void cloneOfARange() throws Exception {
    var file = fileOfTenBytes();
    onceAndNotAgain(file, Minor2Ops.cloneRange(file, file, 0, 12, 4));
  }

  @Test
  void copyOfARange() throws Exception {
    var file = fileOfTenBytes();
    onceAndNotAgain(file, Minor2Ops.copy(file, file, 0, 12, 4));
  }

  @Test
  void extendedAttributes() throws Exception {
    var file = open(client, "o", "f", BOTH, 0);
    var value = new byte[] {1};
    twice(putFh(file.handle()), Minor2Ops.setXattr(1, "k", value));
    twice(putFh(file.handle()), Minor2Ops.removeXattr("k"));
    client.call(putFh(file.handle()), Minor2Ops.getXattr("k")).require(NfsStatus.NOXATTR);
  }

  /** A change may be followed by more, and by what fails: that is done by the later process. */
  @Test
  void whatCameAfterTheChangeIsRunAgain() throws Exception {
    Consumer<ByteBuf>[] operations =
        TestOps.array(
            List.of(
                putRoot(),
                lookup("data"),
                op(OperationCode.SAVEFH),
                TestOps.makeDirectory("d"),
                op(OperationCode.GETFH),
                op(OperationCode.RESTOREFH),
                TestOps.makeDirectory("e"),
                lookup("missing")));
    var first = client.call(operations).require(NfsStatus.NOENT);
    client = kill(client);
    var second = client.again(operations).require(NfsStatus.NOENT);
    assertThat(ByteBufUtil.getBytes(second.body())).isEqualTo(ByteBufUtil.getBytes(first.body()));
  }

  @Test
  void aRetryIsARetryAlsoAfterTwoCrashes() throws Exception {
    Consumer<ByteBuf>[] operations =
        TestOps.array(List.of(putRoot(), lookup("data"), TestOps.makeDirectory("d")));
    client.call(operations).requireOk();
    client = kill(client);
    client.again(operations).requireOk();
    client = kill(client);
    client.again(operations).requireOk();
    client.again(operations).requireOk();
  }

  @Test
  void anotherRequestUnderTheSameNumberIsRefused() throws Exception {
    client.call(putRoot(), lookup("data"), TestOps.makeDirectory("d")).requireOk();
    client = kill(client);
    client
        .again(putRoot(), lookup("data"), TestOps.makeDirectory("e"))
        .require(NfsStatus.SEQ_FALSE_RETRY);
    client.again(putRoot(), lookup("data"), TestOps.makeDirectory("d")).requireOk();
  }

  @Test
  void aStopInOrderIsNoDifferent() throws Exception {
    Consumer<ByteBuf>[] operations =
        TestOps.array(List.of(putRoot(), lookup("data"), TestOps.makeDirectory("d")));
    client.call(operations).requireOk();
    server.restart();
    client = server.reconnected(client);
    client.again(operations).requireOk();
    tryOpen(client, "o", "f", BOTH, 0).requireOk();
  }

  /**
   * Many loops of mkdir, rename and rm on their own slots, while the process is killed again and
   * again at any moment. Whoever got no reply asks again, and never sees EXIST or NOENT.
   */
  @Test
  void loopsNeverSeeWhatTheyDidThemselves() throws Exception {
    var loops = 6;
    var crashes = 8;
    var random = new Random(SEED);
    var running = new AtomicInteger(crashes);
    var rounds = new AtomicInteger();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var results = new ArrayList<Future<Void>>();
      for (var n = 0; n < loops; n++) {
        results.add(threads.submit(new Loop(n + 1, running, rounds)));
      }
      for (var n = 0; n < crashes; n++) {
        var before = rounds.get();
        while (rounds.get() < before + 3) {
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        LockSupport.parkNanos(random.nextLong(TimeUnit.MILLISECONDS.toNanos(20)));
        synchronized (this) {
          client = kill(client);
          notifyAll();
        }
        running.decrementAndGet();
      }
      for (var result : results) {
        result.get(60, TimeUnit.SECONDS);
      }
    }
  }

  /** One of the loops. */
  private final class Loop implements Callable<Void> {
    private final int slot;
    private final AtomicInteger running;
    private final AtomicInteger rounds;

    Loop(int slot, AtomicInteger running, AtomicInteger rounds) {
      this.slot = slot;
      this.running = running;
      this.rounds = rounds;
    }

    @Override
    public Void call() throws Exception {
      for (var round = 0; running.get() > 0; round++) {
        var name = slot + "-" + round;
        once(TestOps.makeDirectory(name));
        once(TestOps.rename(name, name + "x"));
        once(named(OperationCode.REMOVE, name + "x"));
        rounds.incrementAndGet();
      }
      return null;
    }

    private void once(Consumer<ByteBuf> change) throws InterruptedException {
      var used = present(null);
      var reply =
          used.slot(slot).async(putRoot(), lookup("data"), op(OperationCode.SAVEFH), change);
      while (true) {
        try {
          TestCaller.await(reply).requireOk();
          return;
        } catch (IOException _) {
          used = present(used);
          reply =
              used.slot(slot)
                  .asyncAgain(putRoot(), lookup("data"), op(OperationCode.SAVEFH), change);
        }
      }
    }
  }

  /** The client of now, and not the one whose connection broke. */
  private synchronized TestClient present(@Nullable TestClient broken) throws InterruptedException {
    while (client == broken) {
      wait();
    }
    return client;
  }
}
