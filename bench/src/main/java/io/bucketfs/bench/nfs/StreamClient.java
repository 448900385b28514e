package io.bucketfs.bench.nfs;

import io.bucketfs.nfs.TestCaller;
import io.bucketfs.nfs.TestClient;
import io.bucketfs.nfs.TestOps;
import io.bucketfs.nfs.TestReply;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.Share;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A client with a connection and a session of its own, which reads and writes files in the export's
 * root from end to end, some mebibytes at a time. One thread.
 */
final class StreamClient implements AutoCloseable {
  /** Bytes of one request. */
  static final int CHUNK = 1 << 20;

  private static final long PAUSE_MILLIS = 50;

  /** A request for one part of a file. */
  @FunctionalInterface
  interface Part {
    CompletableFuture<TestReply> send(TestCaller slot, long at);
  }

  /** What is done with the reply for one part. */
  @FunctionalInterface
  interface Answer {
    void take(long at, TestReply reply);
  }

  private final TestClient client;
  private final byte[] directory;
  private final int depth;

  /** A file that is open. */
  record Open(byte[] handle, StateId stateId) {}

  StreamClient(Target target, String name, int depth) throws Exception {
    this.depth = depth;
    client = new TestClient(target.address(), 2);
    client.establish(name + "-" + ProcessHandle.current().pid(), 1);
    client.call(TestClient.reclaimComplete()).requireOk();
    var path =
        List.of(
            TestOps.putRoot(),
            TestOps.lookup(target.export().substring(1)),
            TestOps.op(OperationCode.GETFH));
    directory = call(path).requireOk().ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP).handle();
  }

  /** Repeats what is refused for the time being. */
  TestReply call(List<Consumer<ByteBuf>> operations) throws IOException, InterruptedException {
    while (true) {
      var reply = client.caller().call(operations);
      if (!isForLater(reply)) {
        return reply;
      }
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    }
  }

  private static boolean isForLater(TestReply reply) {
    return reply.status() == NfsStatus.DELAY.code() || reply.status() == NfsStatus.GRACE.code();
  }

  Open open(String name, int create) throws IOException, InterruptedException {
    var opened =
        call(List.of(TestOps.putFh(directory), TestOps.open("o", name, Share.BOTH, 0, create)))
            .requireOk()
            .ok(OperationCode.PUTFH, OperationCode.OPEN);
    var stateId = StateId.read(opened.body());
    var found =
        call(List.of(
                TestOps.putFh(directory), TestOps.lookup(name), TestOps.op(OperationCode.GETFH)))
            .requireOk()
            .ok(OperationCode.PUTFH, OperationCode.LOOKUP);
    return new Open(found.handle(), stateId);
  }

  void close(Open open) throws IOException, InterruptedException {
    var _ = call(List.of(TestOps.putFh(open.handle()), TestOps.close(open.stateId()))).requireOk();
  }

  /** Sends the parts of a file in order, some at a time, and repeats those that come too early. */
  void pipelined(long size, Part part, Answer answer) throws Exception {
    var running = new ArrayDeque<Running>();
    for (var at = 0L; at < size || !running.isEmpty(); ) {
      if (at < size && running.size() < depth) {
        var slot = client.slot(1 + (int) (at / CHUNK % depth)).uncached();
        running.add(new Running(slot, at, part.send(slot, at)));
        at += CHUNK;
        continue;
      }
      var first = running.remove();
      var reply = TestCaller.await(first.reply);
      while (isForLater(reply)) {
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        reply = TestCaller.await(part.send(first.slot, first.at));
      }
      answer.take(first.at, reply.requireOk());
    }
  }

  private record Running(TestCaller slot, long at, CompletableFuture<TestReply> reply) {}

  @Override
  public void close() {
    client.close();
  }
}
