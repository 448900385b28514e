package io.bucketfs.nfs;

import io.bucketfs.nfs.rpc.RecordDecoder;
import io.bucketfs.nfs.rpc.RpcCall;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a client: sends calls, finds the reply to each by its xid, and lets calls of
 * the server be answered. Replies that nobody waits for are kept for {@link #receiveRaw}.
 */
public final class TestConnection implements AutoCloseable {
  /** How long anything is waited for. */
  public static final long WAIT_SECONDS = 20;

  private static final int LAST_FRAGMENT = 0x8000_0000;
  private static final int RECORD_BYTES_MAX = 64 * 1_048_576;
  private static final EventLoopGroup LOOPS = loops(1, true);
  private static final AtomicInteger LAST_XID = new AtomicInteger(1000);

  private final Channel channel;
  private final BlockingQueue<ByteBuf> unexpected = new LinkedBlockingQueue<>();

  /** Only on the event loop. */
  private final IntObjectMap<ReplyHandler> waiting = new IntObjectHashMap<>();

  /** Only on the event loop. */
  private boolean inRead;

  private volatile @Nullable Function<ByteBuf, @Nullable ByteBuf> answering;

  /** What becomes of a reply. Called on the event loop. */
  public interface ReplyHandler {
    /** A reply, positioned behind xid and message type; it is released afterwards. */
    void replied(ByteBuf reply);

    /** No reply will come. */
    void broke();
  }

  /** Connects. */
  public TestConnection(InetSocketAddress server) throws IOException {
    this(LOOPS, server, null);
  }

  /** Connects from an address, which may be any of 127.0.0.0/8: as another client. */
  public static TestConnection from(String address, InetSocketAddress server) throws IOException {
    return new TestConnection(LOOPS, server, new InetSocketAddress(address, 0));
  }

  /** Connects on given threads and, where one is given, from an address. */
  public TestConnection(
      EventLoopGroup loops, InetSocketAddress server, @Nullable SocketAddress from)
      throws IOException {
    var bootstrap =
        new Bootstrap()
            .group(loops)
            .channel(Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(RECORD_BYTES_MAX, 2 * RECORD_BYTES_MAX))
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel fresh) {
                    fresh
                        .pipeline()
                        .addLast(
                            new RecordDecoder(RECORD_BYTES_MAX, RECORD_BYTES_MAX, _ -> true),
                            new Inbound());
                  }
                });
    var connected = (from == null ? bootstrap.connect(server) : bootstrap.connect(server, from));
    if (!connected.awaitUninterruptibly(WAIT_SECONDS, TimeUnit.SECONDS) || !connected.isSuccess()) {
      throw new IOException("cannot connect to " + server, connected.cause());
    }
    channel = connected.channel();
  }

  /** Threads for connections. */
  public static EventLoopGroup loops(int threads, boolean daemon) {
    return new MultiThreadIoEventLoopGroup(
        threads,
        new DefaultThreadFactory("test-client", daemon),
        Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
  }

  /** An xid that no other call of this process has. */
  public static int nextXid() {
    return LAST_XID.incrementAndGet();
  }

  private final class Inbound extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      var record = (ByteBuf) message;
      inRead = true;
      try {
        received(record);
      } finally {
        record.release();
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      inRead = false;
      ctx.flush();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      var handlers = waiting.values().toArray(ReplyHandler[]::new);
      waiting.clear();
      for (var handler : handlers) {
        handler.broke();
      }
      ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      var _ = ctx.close();
      if (!(cause instanceof IOException)) {
        throw new IllegalStateException("the test client failed", cause);
      }
    }
  }

  private void received(ByteBuf record) {
    var at = record.readerIndex();
    var xid = record.readInt();
    if (record.readInt() == RpcCall.CALL) {
      var answer = answering;
      var reply = answer == null ? null : answer.apply(record.readerIndex(at));
      if (reply != null) {
        write(frame(reply));
      }
      return;
    }
    var handler = waiting.remove(xid);
    if (handler != null) {
      handler.replied(record);
    } else {
      unexpected.add(copy(record.readerIndex(at)));
    }
  }

  private static ByteBuf copy(ByteBuf record) {
    var bytes = new byte[record.readableBytes()];
    record.readBytes(bytes);
    return Unpooled.wrappedBuffer(bytes);
  }

  /** Puts the record marker in front of a record of one fragment, which is taken over. */
  public static ByteBuf frame(ByteBuf record) {
    var marker = Unpooled.buffer(4).writeInt(record.readableBytes() | LAST_FRAGMENT);
    return Unpooled.wrappedBuffer(marker, record);
  }

  /** Answers the server's calls: from a record to a record, or to null for none. */
  public void answerWith(@Nullable Function<ByteBuf, @Nullable ByteBuf> answer) {
    answering = answer;
  }

  /** Sends a call that is framed already, without waiting. */
  public void call(int xid, ByteBuf framed, ReplyHandler handler) {
    if (!channel.eventLoop().inEventLoop()) {
      channel.eventLoop().execute(() -> call(xid, framed, handler));
    } else if (!channel.isActive()) {
      framed.release();
      handler.broke();
    } else {
      waiting.put(xid, handler);
      write(framed);
    }
  }

  /** Sends a call, which begins with its xid, and gives the whole reply later. */
  public CompletableFuture<ByteBuf> call(ByteBuf record) {
    var result = new CompletableFuture<ByteBuf>();
    var xid = record.getInt(record.readerIndex());
    call(
        xid,
        frame(record),
        new ReplyHandler() {
          @Override
          public void replied(ByteBuf reply) {
            result.complete(copy(reply.readerIndex(reply.readerIndex() - 8)));
          }

          @Override
          public void broke() {
            result.completeExceptionally(new IOException("the server closed the connection"));
          }
        });
    return result;
  }

  /** On the event loop. Several replies that came together are answered with one flush. */
  private void write(ByteBuf framed) {
    if (inRead) {
      var _ = channel.write(framed, channel.voidPromise());
    } else {
      var _ = channel.writeAndFlush(framed, channel.voidPromise());
    }
  }

  /** Sends a record of one fragment, whose reply {@link #receiveRaw} gives. */
  public void send(ByteBuf record) throws IOException {
    sendRaw(frame(record));
  }

  /**
   * Sends bytes as they are, which are read but not released. Waits for the kernel to take them.
   */
  public void sendRaw(ByteBuf bytes) throws IOException {
    var sent = channel.writeAndFlush(copy(bytes));
    if (!sent.awaitUninterruptibly(WAIT_SECONDS, TimeUnit.SECONDS) || !sent.isSuccess()) {
      throw new IOException("not sent", sent.cause());
    }
  }

  /** The next record that nobody waits for. */
  public ByteBuf receiveRaw() throws IOException {
    var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
    try {
      while (System.nanoTime() < deadline) {
        var record = unexpected.poll(20, TimeUnit.MILLISECONDS);
        if (record != null) {
          return record;
        }
        if (!channel.isActive() && unexpected.isEmpty()) {
          throw new IOException("the server closed the connection");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    throw new IOException("nothing came within " + WAIT_SECONDS + " s");
  }

  /** Stops reading, as a client does that does not take its replies; or goes on. */
  public void setReading(boolean reading) {
    channel.config().setAutoRead(reading);
  }

  /** Whether the server closes the connection; waits for it. */
  public boolean isClosedByServer() {
    return channel.closeFuture().awaitUninterruptibly(WAIT_SECONDS, TimeUnit.SECONDS);
  }

  /** Whether the connection is there, as far as is known here. */
  public boolean isOpen() {
    return channel.isActive();
  }

  /** Closes the connection and waits until all its buffers are released. */
  @Override
  public void close() {
    channel.close().awaitUninterruptibly(WAIT_SECONDS, TimeUnit.SECONDS);
    // The pipeline is taken down by a task that is queued while the channel closes.
    for (var hops = 0; hops < 2; hops++) {
      channel.eventLoop().submit(() -> {}).awaitUninterruptibly(WAIT_SECONDS, TimeUnit.SECONDS);
    }
  }
}
