package io.bucketfs.bench.nfs;

import io.bucketfs.nfs.TestClient;
import io.bucketfs.nfs.TestConnection;
import io.bucketfs.nfs.TestOps;
import io.bucketfs.nfs.TestSession;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Clients with their files on a server, ready to send a load again and again. */
final class LoadRun implements AutoCloseable {
  private static final int CACHED_BYTES = 8192;
  private static final int OPERATIONS = 16;
  private static final long END_SECONDS_MAX = 60;

  private final ServerProbe probe;
  private final Load load;
  private final Sizes sizes;
  private final List<OneClient> clients = new ArrayList<>();

  /** What each client has on the server. */
  record Sizes(int files, int fileBytes) {}

  private record OneClient(
      TestClient client,
      LoadFiles files,
      Requests requests,
      List<TestConnection> connections,
      long[] ends) {}

  /**
   * What was measured.
   *
   * @param serverNanos processor time of the server for one request, or negative
   * @param serverBytes heap that it allocated for one request, or negative
   * @param clientNanos processor time of this process for one request
   */
  record Result(
      double perSecond,
      double megabytesPerSecond,
      double p50Micros,
      double p99Micros,
      double serverNanos,
      double serverBytes,
      double clientNanos,
      long delayed) {}

  LoadRun(EventLoopGroup loops, Target target, Load load, Sizes sizes)
      throws IOException, InterruptedException {
    this.load = load;
    this.sizes = sizes;
    probe = ServerProbe.of(target.pid());
    for (var i = 0; i < load.clients(); i++) {
      var name =
          "load-" + ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime());
      var client =
          new TestClient(target.address(), 1, new TestConnection(loops, target.address(), null));
      client.exchangeId(name, 1);
      var fore =
          new TestSession.Channel(
              TestClient.MAX_BYTES, TestClient.MAX_BYTES, CACHED_BYTES, OPERATIONS, load.slots());
      client
          .createSession(
              TestOps.createSession(
                  client.clientId(), client.createSequence(), 0, fore, TestOps.BACK))
          .requireOk();
      var granted = client.requireTestSession().fore().requestsMax();
      if (granted < load.slots()) {
        throw new IOException(target.name() + " grants only " + granted + " slots");
      }
      client.call(TestClient.reclaimComplete()).requireOk();
      var connections = new ArrayList<TestConnection>();
      connections.add(client.connection());
      while (connections.size() < load.connections()) {
        connections.add(client.adopt(new TestConnection(loops, target.address(), null)));
      }
      var files = LoadFiles.make(client, target.export(), name, sizes.files(), sizes.fileBytes());
      var dataBytes = load.actions().stream().mapToInt(Action::bytes).max().orElse(0);
      var requests = new Requests(client, files, dataBytes);
      load.actions().forEach(requests::prepare);
      var ends = new long[load.slots()];
      Arrays.fill(ends, sizes.fileBytes());
      clients.add(new OneClient(client, files, requests, connections, ends));
    }
  }

  /** Sends the load for a time. */
  Result run(long millis) throws IOException, InterruptedException {
    var slots = new ArrayList<LoadSlot>();
    for (var one : clients) {
      for (var slot = 0; slot < load.slots(); slot++) {
        slots.add(
            new LoadSlot(
                one.requests,
                one.connections.get(slot % load.connections()),
                slot,
                sizes.fileBytes(),
                one.ends,
                load.actions()));
      }
    }
    var latch = new CountDownLatch(slots.size());
    var before = probe.use();
    var ownBefore = ServerProbe.ownCpuNanos();
    var started = System.nanoTime();
    slots.forEach(slot -> slot.start(started + millis * 1_000_000, latch));
    if (!latch.await(millis + TimeUnit.SECONDS.toMillis(END_SECONDS_MAX), TimeUnit.MILLISECONDS)) {
      throw new IOException(latch.getCount() + " requests were not answered");
    }
    var seconds = (System.nanoTime() - started) / 1e9;
    var after = probe.use();
    return result(slots, seconds, before, after, ServerProbe.ownCpuNanos() - ownBefore);
  }

  private static Result result(
      List<LoadSlot> slots,
      double seconds,
      ServerProbe.Use before,
      ServerProbe.Use after,
      long ownNanos)
      throws IOException {
    var all = new Latencies();
    long bytes = 0;
    long delayed = 0;
    for (var slot : slots) {
      var tally = slot.tally();
      if (tally.failure != null) {
        throw new IOException(tally.failure);
      }
      all.add(tally.latencies);
      bytes += tally.bytes;
      delayed += tally.delayed;
    }
    double count = Math.max(1, all.count());
    return new Result(
        all.count() / seconds,
        bytes / seconds / 1e6,
        all.quantileMicros(0.5),
        all.quantileMicros(0.99),
        after.cpuNanos() < 0 ? -1 : (after.cpuNanos() - before.cpuNanos()) / count,
        after.allocatedBytes() < 0
            ? -1
            : (after.allocatedBytes() - before.allocatedBytes()) / count,
        ownNanos / count,
        delayed);
  }

  /** Removes the files and ends the clients. */
  @Override
  public void close() throws IOException {
    try {
      for (var one : clients) {
        one.files.remove();
        one.client.close();
        one.requests.release();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      probe.close();
    }
  }
}
