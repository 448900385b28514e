package io.bucketfs.nfs;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Sends COMPOUNDs of a client in a session: over which connection, on which slot, and whether the
 * reply is to be kept. Cheap and immutable: {@code client.slot(3).over(second).call(...)}.
 */
public final class TestCaller {
  private final TestClient client;
  private final TestConnection connection;
  private final int slot;
  private final boolean cacheThis;

  TestCaller(TestClient client, TestConnection connection, int slot, boolean cacheThis) {
    this.client = client;
    this.connection = connection;
    this.slot = slot;
    this.cacheThis = cacheThis;
  }

  /** The same on another slot. */
  public TestCaller slot(int newSlot) {
    return new TestCaller(client, connection, newSlot, cacheThis);
  }

  /** The same over another connection. */
  public TestCaller over(TestConnection other) {
    return new TestCaller(client, other, slot, cacheThis);
  }

  /** The same without asking that replies be kept. */
  public TestCaller uncached() {
    return new TestCaller(client, connection, slot, false);
  }

  /** A new request; waits for its reply. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  public final TestReply call(Consumer<ByteBuf>... operations) throws IOException {
    return await(async(operations));
  }

  /** The same. */
  public TestReply call(List<Consumer<ByteBuf>> operations) throws IOException {
    return call(TestOps.array(operations));
  }

  /** A request with the sequence number of the one before; waits for its reply. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  public final TestReply again(Consumer<ByteBuf>... operations) throws IOException {
    return await(asyncAgain(operations));
  }

  /** A new request. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  public final CompletableFuture<TestReply> async(Consumer<ByteBuf>... operations) {
    return send(newRecord(operations));
  }

  /** A request with the sequence number of the one before. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  public final CompletableFuture<TestReply> asyncAgain(Consumer<ByteBuf>... operations) {
    return send(record(operations));
  }

  private CompletableFuture<TestReply> send(ByteBuf record) {
    return connection.call(record).thenApply(TestCaller::read);
  }

  /** The bytes of a new request, for {@link TestConnection#send}. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  public final ByteBuf newRecord(Consumer<ByteBuf>... operations) {
    client.requireTestSession().sequences().incrementAndGet(slot);
    return record(operations);
  }

  /** The bytes of a request with the sequence number of the one before. */
  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  public final ByteBuf record(Consumer<ByteBuf>... operations) {
    var session = client.requireTestSession();
    var sequence = TestOps.sequence(session.id(), session.sequences().get(slot), slot, cacheThis);
    return client.compound(TestConnection.nextXid(), TestOps.concat(sequence, operations));
  }

  static TestReply read(ByteBuf record) {
    try {
      return TestReply.read(record);
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  /** Waits for a reply. */
  public static TestReply await(CompletableFuture<TestReply> reply) throws IOException {
    try {
      return reply.get(TestConnection.WAIT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } catch (TimeoutException e) {
      throw new IOException("no reply within " + TestConnection.WAIT_SECONDS + " s", e);
    } catch (ExecutionException e) {
      throw new IOException(e.getCause() == null ? "failed" : e.getCause().getMessage(), e);
    }
  }
}
