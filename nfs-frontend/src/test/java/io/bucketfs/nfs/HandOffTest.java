package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.DiskRead;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.bucketfs.core.vfs.WouldBlock;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.Share;
import io.bucketfs.nfs.state.StateId;
import io.netty.buffer.ByteBuf;
import io.netty.util.LeakPresenceDetector;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The rule "inline first, then wait": what is handed to another thread, and that it leaves no
 * trace.
 */
final class HandOffTest {
  /** Counts what is forked. */
  private static Execution counting(Execution real, AtomicInteger forks) {
    return proxy(
        Execution.class,
        (method, arguments) -> {
          if (method.equals("fork")) {
            forks.incrementAndGet();
          }
        },
        real);
  }

  /** What the n-th call that may not wait meets. */
  enum Obstacle {
    NETWORK,
    DISK,
    /** The disk first, and then, on the thread that reads it, something else. */
    BOTH
  }

  /** Lets the n-th call that may not wait say that it would have to. */
  private static FileSystem blockingAt(
      FileSystem real, int n, Obstacle obstacle, AtomicInteger calls) {
    return proxy(
        FileSystem.class,
        (_, arguments) -> {
          var patience = arguments.length == 0 ? null : arguments[arguments.length - 1];
          if (patience == Patience.NONE && calls.incrementAndGet() == n) {
            throw obstacle == Obstacle.NETWORK ? WouldBlock.INSTANCE : WouldBlock.ON_DISK;
          }
          if (patience == Patience.DISK && obstacle == Obstacle.BOTH) {
            throw WouldBlock.INSTANCE;
          }
        },
        real);
  }

  private interface Before {
    void call(String method, Object[] arguments);
  }

  private static <T> T proxy(Class<T> type, Before before, T real) {
    return type.cast(
        Proxy.newProxyInstance(
            HandOffTest.class.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              before.call(method.getName(), arguments == null ? new Object[0] : arguments);
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  @Test
  void aWarmGetattrStaysOnTheEventLoop() throws Exception {
    var forks = new AtomicInteger();
    try (var plain = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60));
        var server = new NfsTestServer(new MemoryFileSystem(), counting(plain.execution, forks));
        var client = TestClient.connected(server.port(), "a")) {
      var before = forks.get();
      for (var i = 0; i < 100; i++) {
        client.call(putRoot(), lookup("data"), getAttr(Attribute.SIZE)).requireOk();
      }
      assertThat(forks.get()).isEqualTo(before);
    }
  }

  /** What needs the disk alone costs one change of threads, to one that may wait for it. */
  @ParameterizedTest
  @EnumSource(Obstacle.class)
  void theDiskIsReadAndWrittenOnANativeThread(Obstacle obstacle) throws Exception {
    var methods = new ConcurrentLinkedQueue<String>();
    var threads = new ThreadExecution(1, Meters.NONE);
    var execution = proxy(Execution.class, (method, _) -> methods.add(method), threads);
    var memory = new MemoryFileSystem();
    try (var server =
            new NfsTestServer(proxy(FileSystem.class, blocked(obstacle), memory), execution);
        var client = TestClient.connected(server.port(), "a")) {
      var id = opened(client);
      var hello = "hello".getBytes(StandardCharsets.UTF_8);
      client.call(putRoot(), lookup("data"), lookup("f"), TestOps.write(id, 0, hello)).requireOk();
      for (var operation : List.of(TestOps.read(id, 0, 10), TestOps.write(id, 0, hello))) {
        methods.clear();
        client
            .call(putRoot(), lookup("data"), lookup("f"), operation, getAttr(Attribute.SIZE))
            .requireOk();
        methods.removeIf(method -> !method.startsWith("fork"));
        assertThat(methods)
            .containsExactlyElementsOf(
                switch (obstacle) {
                  case NETWORK -> List.of("fork");
                  case DISK -> List.of("forkNative");
                  case BOTH -> List.of("forkNative", "fork");
                });
      }
    } finally {
      threads.close();
    }
  }

  /** What can be seen, and could not be committed in place, is committed and not written again. */
  @Test
  void aStableWriteIsWrittenOnce() throws Exception {
    var calls = new ConcurrentLinkedQueue<String>();
    var memory = new MemoryFileSystem();
    try (var server =
            new NfsTestServer(committingElsewhere(memory, calls), Duration.ofSeconds(60));
        var client = TestClient.connected(server.port(), "a")) {
      var id = opened(client);
      var hello = "hello".getBytes(StandardCharsets.UTF_8);
      client
          .call(putRoot(), lookup("data"), lookup("f"), TestOps.write(id, 0, 2, hello))
          .requireOk();
      assertThat(calls).containsExactly("write", "commit");
    }
  }

  private static FileSystem committingElsewhere(FileSystem real, Collection<String> calls) {
    return proxy(
        FileSystem.class,
        (name, arguments) -> {
          if (name.equals("write") || name.equals("commit")) {
            var patience = arguments[arguments.length - 1];
            if (patience == Patience.NONE) {
              throw WouldBlock.ON_DISK;
            }
            if (patience == Patience.DISK && name.equals("commit")) {
              throw WouldBlock.INSTANCE;
            }
            calls.add(name);
          }
          // In place it gets no further.
          if (name.equals("write")) {
            arguments[3] = Stability.UNSTABLE;
          }
        },
        real);
  }

  /** What becomes of a read that nobody waits for. */
  enum Fate {
    ARRIVES,
    /** It ends, and nothing is there. */
    FAILS,
    /** It cannot be begun. */
    REFUSED
  }

  /** A read that ends on another thread. */
  private static final class TestRead implements DiskRead {
    private final Fate fate;
    private final AtomicInteger released = new AtomicInteger();
    private volatile @Nullable Thread begunOn;

    TestRead(Fate fate) {
      this.fate = fate;
    }

    @Override
    public boolean begin(Runnable ended) {
      begunOn = Thread.currentThread();
      if (fate == Fate.REFUSED) {
        return false;
      }
      var _ = Thread.ofPlatform().start(ended);
      return true;
    }

    @Override
    public void release() {
      released.incrementAndGet();
    }
  }

  /** Where one read is lacking, the event loop goes on with it, and no other thread is needed. */
  @ParameterizedTest
  @EnumSource(Fate.class)
  void whatWasReadIsTakenOnTheEventLoop(Fate fate) throws Exception {
    var methods = new ConcurrentLinkedQueue<String>();
    var threads = new ThreadExecution(1, Meters.NONE);
    var execution = proxy(Execution.class, (method, _) -> methods.add(method), threads);
    var reads = new ConcurrentLinkedQueue<TestRead>();
    Before lacking =
        (method, arguments) -> {
          if (!method.equals("read")
              || !(arguments[arguments.length - 1] instanceof Patience patience)
              || patience.mayUseDisk()) {
            return;
          }
          if (patience.read() instanceof TestRead read) {
            assertThat(Thread.currentThread()).isSameAs(read.begunOn);
            assertThat(read.released).hasValue(0);
            if (fate == Fate.FAILS) {
              throw WouldBlock.ON_DISK;
            }
            return;
          }
          var read = new TestRead(fate);
          reads.add(read);
          throw WouldBlock.forRead(read);
        };
    try (var server =
            new NfsTestServer(proxy(FileSystem.class, lacking, new MemoryFileSystem()), execution);
        var client = TestClient.connected(server.port(), "a")) {
      var id = opened(client);
      var hello = "hello".getBytes(StandardCharsets.UTF_8);
      client.call(putRoot(), lookup("data"), lookup("f"), TestOps.write(id, 0, hello)).requireOk();
      methods.clear();
      for (var i = 0; i < 3; i++) {
        var read = TestOps.read(id, 0, 10);
        client
            .call(putRoot(), lookup("data"), lookup("f"), read, getAttr(Attribute.SIZE))
            .requireOk();
      }
      methods.removeIf(method -> !method.startsWith("fork"));
      var hops = Collections.nCopies(fate == Fate.ARRIVES ? 0 : 3, "forkNative");
      assertThat(methods).containsExactlyElementsOf(hops);
      assertThat(reads)
          .hasSize(3)
          .allMatch(read -> read.released.get() == (fate == Fate.REFUSED ? 0 : 1));
    } finally {
      threads.close();
    }
  }

  private static StateId opened(TestClient client) throws Exception {
    var reply =
        client.call(
            putRoot(), lookup("data"), TestOps.open("o", "f", Share.BOTH, 0, TestOps.UNCHECKED));
    reply.requireOk().ok(OperationCode.PUTROOTFH).ok(OperationCode.LOOKUP);
    reply.ok(OperationCode.OPEN);
    return StateId.read(reply.body());
  }

  private static Before blocked(Obstacle obstacle) {
    return (method, arguments) -> {
      if (!method.equals("read") && !method.equals("write")) {
        return;
      }
      var patience = arguments[arguments.length - 1];
      if (patience == Patience.NONE) {
        throw obstacle == Obstacle.NETWORK ? WouldBlock.INSTANCE : WouldBlock.ON_DISK;
      }
      if (patience == Patience.DISK) {
        assertThat(Thread.currentThread().isVirtual()).isFalse();
        if (obstacle == Obstacle.BOTH) {
          throw WouldBlock.INSTANCE;
        }
      }
    };
  }

  /** CORRECTNESS: giving up at any wait point of any operation leaves no trace. */
  @ParameterizedTest
  @EnumSource(Obstacle.class)
  void givingUpAtAnyWaitPointChangesNothing(Obstacle obstacle) throws Exception {
    var calls = new AtomicInteger();
    var expected = session(new MemoryFileSystem(), calls, 0, obstacle);
    var points = calls.get();
    assertThat(points).isGreaterThan(30);
    for (var n = 1; n <= points; n++) {
      assertThat(session(new MemoryFileSystem(), new AtomicInteger(), n, obstacle))
          .as("would block at call %d", n)
          .isEqualTo(expected);
    }
  }

  /** Runs one of everything and returns all replies, with what differs by chance taken out. */
  private static List<String> session(
      MemoryFileSystem memory, AtomicInteger calls, int n, Obstacle obstacle) throws Exception {
    var fileSystem = blockingAt(memory, n, obstacle, calls);
    var replies = new ArrayList<String>();
    try (var server = new NfsTestServer(fileSystem, Duration.ofSeconds(60));
        var client = TestClient.connected(server.port(), "a")) {
      var id = opened(client);
      var script = new ArrayList<List<Consumer<ByteBuf>>>();
      var write = TestOps.write(id, 0, "hello".getBytes(StandardCharsets.UTF_8));
      script.add(List.of(lookup("f"), write, getAttr(Attribute.SIZE), TestOps.read(id, 0, 10)));
      script.add(
          List.of(lookup("f"), TestOps.setSize(id, 3), TestOps.read(StateId.ANONYMOUS, 0, 10)));
      script.add(List.of(TestOps.makeDirectory("d"), getAttr(Attribute.TYPE)));
      script.add(List.of(TestOps.makeDirectory("d")));
      script.add(
          List.of(
              TestOps.op(OperationCode.SAVEFH),
              TestOps.rename("f", "g"),
              TestOps.named(OperationCode.LOOKUP, "g")));
      script.add(List.of(TestOps.open("o", "g", Share.READ, 0, TestOps.NO_CREATE), getAttr(4)));
      script.add(
          List.of(
              lookup("g"),
              TestOps.op(OperationCode.SAVEFH),
              TestOps.op(OperationCode.LOOKUPP),
              lookup("data"),
              TestOps.named(OperationCode.LINK, "h")));
      script.add(List.of(TestOps.open("o2", "h", Share.WRITE, 0, TestOps.UNCHECKED)));
      script.add(List.of(TestOps.open("o3", "h", Share.WRITE, 0, TestOps.GUARDED)));
      script.add(List.of(TestOps.readDir(0, 4096, Attribute.FILEID, Attribute.SIZE)));
      script.add(List.of(TestOps.named(OperationCode.REMOVE, "d"), lookup("d")));
      script.add(List.of(getAttr(Attribute.SPACE_FREE), TestOps.op(OperationCode.READLINK)));
      for (var operations : script) {
        var all = new ArrayList<Consumer<ByteBuf>>(List.of(putRoot(), lookup("data")));
        all.addAll(operations);
        replies.add(outline(client.caller().call(all)));
      }
      replies.add("inodes " + memory.inodes());
    }
    return replies;
  }

  /** Status, number of results and length say all that matters, since ids are random. */
  private static String outline(TestReply reply) {
    return reply.status() + " " + reply.results() + " " + reply.body().readableBytes();
  }

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }
}
