package io.bucketfs.bench.nfs;

import io.bucketfs.nfs.TestClient;
import io.bucketfs.nfs.TestConnection;
import io.bucketfs.nfs.TestOps;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Reads of a file that only S3 has, while S3 stands still: they wait in the server until they are
 * told to come again, and come again at once.
 */
final class ParkedReads implements AutoCloseable {
  /** Half the slots of a session, since a server keeps the others free for what need not wait. */
  private static final int READS_PER_CLIENT = 32;

  /** Reads fetch different parts of the object. */
  private static final int STRIDE_BYTES = 1 << 20;

  private static final int READ_BYTES = 4096;

  private final long storePid;
  private final List<TestClient> clients = new ArrayList<>();
  private final AtomicInteger answered = new AtomicInteger();
  private final byte[] handle;
  private volatile boolean closed;

  /**
   * Stops S3 and sends the reads.
   *
   * @param file name of a file in the export's root of at least a mebibyte for each read
   * @param storePid the process of the S3
   */
  ParkedReads(EventLoopGroup loops, Target target, String file, int count, long storePid)
      throws IOException, InterruptedException {
    this.storePid = storePid;
    while (clients.size() * READS_PER_CLIENT < count) {
      var client =
          new TestClient(target.address(), 1, new TestConnection(loops, target.address(), null));
      client.establish("parked-" + ProcessHandle.current().pid() + "-" + clients.size(), 1);
      client.call(TestClient.reclaimComplete()).requireOk();
      clients.add(client);
    }
    var path = new ArrayList<Consumer<ByteBuf>>(List.of(TestOps.putRoot()));
    for (var step : (target.export() + "/" + file).substring(1).split("/", -1)) {
      path.add(TestOps.lookup(step));
    }
    path.add(TestOps.op(OperationCode.GETFH));
    var found = clients.getFirst().caller().call(path).requireOk();
    found.body().skipBytes(8 * (path.size() - 1));
    handle = found.handle();
    signal("STOP");
    for (var i = 0; i < count; i++) {
      read(clients.get(i / READS_PER_CLIENT), 1 + i % READS_PER_CLIENT, (long) i * STRIDE_BYTES);
    }
  }

  private void read(TestClient client, int slot, long offset) {
    CompletableFuture<?> next =
        client
            .slot(slot)
            .uncached()
            .async(TestOps.putFh(handle), TestOps.read(StateId.ANONYMOUS, offset, READ_BYTES))
            .thenAccept(reply -> {
              answered.incrementAndGet();
              if (!closed && reply.status() == NfsStatus.DELAY.code()) {
                read(client, slot, offset);
              }
            });
    next.exceptionally(_ -> null);
  }

  /** How many were answered, be it that they come again later. */
  int answered() {
    return answered.get();
  }

  private void signal(String name) throws IOException, InterruptedException {
    var kill = new ProcessBuilder("kill", "-" + name, Long.toString(storePid)).start();
    if (kill.waitFor() != 0) {
      throw new IOException("process " + storePid + " takes no signals");
    }
  }

  /** Lets S3 go on. */
  @Override
  public void close() throws IOException {
    closed = true;
    try {
      signal("CONT");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    clients.forEach(TestClient::close);
  }
}
