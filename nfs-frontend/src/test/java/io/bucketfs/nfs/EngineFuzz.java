package io.bucketfs.nfs;

import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.rpc.RpcCall;
import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The whole engine over a file system in memory: whatever operations come in a session, each
 * request gets one well-formed reply, none of them SERVERFAULT, and no buffer is left behind.
 *
 * <p>An input is a list of requests: a byte that says how many operations the COMPOUND claims to
 * have behind its SEQUENCE, two bytes of length, and the bytes of the operations. All runs in one
 * thread, also what would go on on a thread of its own.
 */
public final class EngineFuzz {
  /** After so many inputs the file system begins anew. */
  private static final int INPUTS_PER_SERVER = 1000;

  private static final int REQUESTS_MAX = 16;
  private static final int SERVERFAULT = 10_006;
  private static final int MINOR_VERSION = 2;

  private static @Nullable EngineFuzz engine;

  private final ThreadExecution threads = new ThreadExecution(1, Meters.NONE);
  private final NfsServer server;
  private int inputs;
  private int xid;

  private EngineFuzz() throws IOException, InterruptedException {
    server =
        new NfsServer(
            NfsConfig.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)),
            new MemoryFileSystem(),
            inPlace(threads),
            Meters.NONE,
            new MemoryRecords());
    server.start();
  }

  /** Runs what is forked at once, and nothing later. */
  private static Execution inPlace(Execution real) {
    return (Execution)
        Proxy.newProxyInstance(
            Execution.class.getClassLoader(),
            new Class<?>[] {Execution.class},
            (_, method, arguments) -> {
              switch (method.getName()) {
                case "fork", "forkNative" -> {
                  ((Runnable) arguments[1]).run();
                  return null;
                }
                case "schedule" -> {
                  return new Never();
                }
                default -> {
                  try {
                    return method.invoke(real, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getTargetException();
                  }
                }
              }
            });
  }

  private static final class Never implements Execution.Task {
    @Override
    public void cancel() {}

    @Override
    public void join() {}
  }

  /** One client's requests, in a session of its own. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException, InterruptedException {
    var present = engine;
    if (present == null || present.inputs++ >= INPUTS_PER_SERVER) {
      close();
      present = new EngineFuzz();
      engine = present;
    }
    present.run(input);
  }

  /** Ends the server and makes sure that all buffers were released. */
  static void close() {
    var present = engine;
    if (present != null) {
      present.server.close();
      present.threads.close();
      LeakPresenceDetector.check();
      engine = null;
    }
  }

  private void run(byte[] input) {
    var channel = new EmbeddedChannel();
    try {
      server.attach(channel);
      var session = establish(channel);
      var in = Unpooled.wrappedBuffer(input);
      for (var sequence = 1; sequence <= REQUESTS_MAX && in.readableBytes() > 3; sequence++) {
        var operations = in.readUnsignedByte();
        var bytes = in.readSlice(Math.min(in.readUnsignedShort(), in.readableBytes()));
        var number = sequence;
        var reply =
            call(
                channel,
                1 + operations,
                out -> {
                  TestOps.sequence(session, number, 0, true).accept(out);
                  out.writeBytes(bytes);
                });
        if (reply == null) {
          break; // it hung up
        }
        reply.release();
      }
      destroy(channel, session);
    } finally {
      channel.finishAndReleaseAll();
    }
    LeakPresenceDetector.check();
  }

  /** Its slots keep replies, which are no leak. An input may have destroyed it already. */
  private void destroy(EmbeddedChannel channel, SessionId session) {
    var reply =
        call(channel, 1, TestOps.op(OperationCode.DESTROY_SESSION, out -> session.write(out)));
    if (reply != null) {
      reply.release();
    }
  }

  private SessionId establish(EmbeddedChannel channel) {
    var exchanged = require(call(channel, 1, TestOps.exchangeId("fuzz", ++xid)));
    exchanged.skipBytes(8);
    var clientId = exchanged.readLong();
    var sequence = exchanged.readInt();
    exchanged.release();
    var created = require(call(channel, 1, TestOps.createSession(clientId, sequence)));
    created.skipBytes(8);
    var session = SessionId.read(created);
    created.release();
    var complete =
        call(
            channel,
            2,
            out -> {
              TestOps.sequence(session, 1, 1, true).accept(out);
              TestClient.reclaimComplete().accept(out);
            });
    require(complete).release();
    return session;
  }

  private static ByteBuf require(@Nullable ByteBuf reply) {
    if (reply == null) {
      throw new AssertionError("no reply");
    }
    return reply;
  }

  /** Sends a COMPOUND and returns the results, or null where the connection was closed. */
  private @Nullable ByteBuf call(
      EmbeddedChannel channel, int operations, Consumer<ByteBuf> arguments) {
    var record = PooledByteBufAllocator.DEFAULT.directBuffer();
    record.writeInt(0).writeInt(++xid).writeInt(RpcCall.CALL).writeInt(RpcCall.RPC_VERSION);
    record.writeInt(100_003).writeInt(4).writeInt(1);
    TestOps.authSys(record, new byte[0], 1000, 1000);
    record.writeLong(0);
    record.writeInt(0).writeInt(MINOR_VERSION).writeInt(operations);
    arguments.accept(record);
    record.setInt(0, (record.readableBytes() - 4) | 0x8000_0000);
    channel.writeInbound(record);
    channel.checkException();
    var reply = gather(channel);
    if (!reply.isReadable()) {
      reply.release();
      if (channel.isOpen()) {
        throw new AssertionError("neither answered nor cut off");
      }
      return null;
    }
    try {
      check(reply);
    } catch (RuntimeException | AssertionError e) {
      reply.release();
      throw e;
    }
    return reply;
  }

  /** The reply, or nothing. The server's own calls to the client are passed over. */
  private static ByteBuf gather(EmbeddedChannel channel) {
    channel.runPendingTasks();
    var all = Unpooled.buffer();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      all.writeBytes(part);
      part.release();
    }
    var reply = Unpooled.EMPTY_BUFFER;
    while (all.isReadable()) {
      var record = all.readSlice(4 + (all.getInt(all.readerIndex()) & 0x7fff_ffff));
      if (record.getInt(8) == RpcCall.REPLY) {
        if (reply.isReadable()) {
          throw new AssertionError("two replies");
        }
        reply = record;
      }
    }
    return reply;
  }

  /** One record with one reply; leaves it at the first result. */
  private void check(ByteBuf reply) {
    var mark = reply.readInt();
    expect("length", reply.readableBytes(), mark & 0x7fff_ffff);
    expect("xid", xid, reply.readInt());
    expect("message type", RpcCall.REPLY, reply.readInt());
    expect("accepted", 0, reply.readInt());
    expect("verifier", 0, (int) reply.readLong());
    var accepted = reply.readInt();
    if (accepted != 0) {
      throw new AssertionError("accept_stat " + accepted);
    }
    var status = reply.readInt();
    if (status == SERVERFAULT) {
      throw new AssertionError("SERVERFAULT");
    }
    Xdr.skipOpaque(reply, 1024);
    var results = reply.readInt();
    if (results < 1 || reply.readableBytes() < 8L * results) {
      throw new AssertionError(results + " results in " + reply.readableBytes() + " bytes");
    }
    var first = reply.getInt(reply.readerIndex());
    if (status == 0 && OperationCode.of(first, MINOR_VERSION) == null) {
      throw new AssertionError("result of " + first);
    }
  }

  private static void expect(String what, int expected, int found) {
    if (expected != found) {
      throw new AssertionError(what + " is " + found + ", not " + expected);
    }
  }
}
