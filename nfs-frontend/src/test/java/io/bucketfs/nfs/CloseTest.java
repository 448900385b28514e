package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestState.BOTH;
import static io.bucketfs.nfs.TestState.READ;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.WouldBlock;
import io.bucketfs.nfs.status.NfsStatus;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** CLOSE of a file that has to be in the bucket first. */
final class CloseTest {
  private final AtomicInteger asked = new AtomicInteger();
  private final AtomicInteger delays = new AtomicInteger();
  private NfsTestServer server;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(exporting(new MemoryFileSystem()), Duration.ofSeconds(60));
    client = TestClient.connected(server.port(), "a");
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  /** A close waits, and takes longer than a request may as often as is said. */
  private FileSystem exporting(FileSystem real) {
    return (FileSystem)
        Proxy.newProxyInstance(
            CloseTest.class.getClassLoader(),
            new Class<?>[] {FileSystem.class},
            (_, method, arguments) -> {
              if (method.getName().equals("closing")) {
                if (arguments[arguments.length - 1] == Patience.NONE) {
                  throw WouldBlock.INSTANCE;
                }
                asked.incrementAndGet();
                if (delays.getAndDecrement() > 0) {
                  throw new FileSystemException(FsError.DELAY);
                }
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /** The open is what it was until the close succeeds. */
  @Test
  void aCloseThatWaitsForTheBucketIsAskedAgain() throws Exception {
    var file = TestState.open(client, "o", "f", BOTH, 0);
    delays.set(2);
    for (var i = 0; i < 2; i++) {
      client.call(putFh(file.handle()), TestOps.close(file.id())).require(NfsStatus.DELAY);
      client.call(putFh(file.handle()), TestOps.write(file.id(), 0, new byte[3])).requireOk();
    }
    client.call(putFh(file.handle()), TestOps.close(file.id())).requireOk();
    assertThat(asked.get()).isEqualTo(3);
    client.call(putFh(file.handle()), TestOps.close(file.id())).require(NfsStatus.BAD_STATEID);
    assertThat(asked.get()).isEqualTo(3);
  }

  @Test
  void aCloseOfWhatWasOnlyReadWaitsForNothing() throws Exception {
    var file = TestState.open(client, "o", "f", READ, 0);
    client.call(putFh(file.handle()), TestOps.close(file.id())).requireOk();
    assertThat(asked.get()).isZero();
  }
}
