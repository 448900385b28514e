package io.bucketfs.nfs.exec;

import io.bucketfs.core.access.ClientAddress;
import io.bucketfs.nfs.callback.CallbackCalls;
import io.bucketfs.nfs.op.Compound;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.op.ReplyBuffer;
import io.bucketfs.nfs.op.Services;
import io.bucketfs.nfs.rpc.Credential;
import io.bucketfs.nfs.rpc.RecordDecoder;
import io.bucketfs.nfs.rpc.RpcCall;
import io.bucketfs.nfs.rpc.RpcReply;
import io.bucketfs.nfs.state.Peer;
import io.bucketfs.nfs.state.ReplyTarget;
import io.bucketfs.nfs.state.Session;
import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.state.Slot;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.TooLongFrameException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client connection: takes records, runs their calls, sends the replies.
 *
 * <p>Runs on its event loop but for {@link #completed}, which may come from any thread.
 */
public final class Connection extends ChannelInboundHandlerAdapter
    implements Peer, CompoundRun.Completion, Turns.Source, RecordDecoder.Gate {
  private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
  private static final int PROGRAM = 100_003;
  private static final int VERSION = 4;
  private static final int NULL = 0;
  private static final int COMPOUND = 1;
  private static final int REPLY_BYTES_FIRST = 512;
  private static final int STUCK_SWEEPS = 2;

  /** Up to here a reply is kept for retries even where the client does not ask for it. */
  private static final int KEPT_UNASKED_BYTES_MAX = 4096;

  private final Services services;
  private final OperationMeters meters;
  private final Dispatcher dispatcher;
  private final Set<Session> sessions = ConcurrentHashMap.newKeySet();

  /** Requests that wait for their turn. Only on the event loop. */
  private final Deque<ByteBuf> queue = new ArrayDeque<>();

  private int queuedBytes;

  /** Whether a turn of the client will come to this connection. */
  private boolean inLine;

  /** Whether a queued request runs now; what comes in meanwhile is taken up after the turn. */
  private boolean inTurn;

  private @Nullable ChannelHandlerContext context;
  private @Nullable Turns turns;
  private Turns.@Nullable Line line;
  private volatile String address = "";
  private volatile ClientAddress clientAddress = ClientAddress.UNKNOWN;
  private volatile Outbox outbox;
  private final CallbackCalls callbacks;
  private final Connections connections;
  private final RecordDecoder decoder;
  private volatile @Nullable Channel channel;
  private volatile @Nullable ClientBudget budget;

  /** Only on the event loop: when the last record came in. */
  private long recordNanos;

  /** Only on the event loop: since when the record that is coming in has been seen, or 0. */
  private long inRecordNanos;

  public Connection(
      Services services, OperationMeters meters, Connections connections, Dispatcher dispatcher) {
    this.services = services;
    this.meters = meters;
    this.dispatcher = dispatcher;
    outbox = Outbox.CLOSED;
    callbacks =
        new CallbackCalls(
            record -> outbox.post(new ReplyBuffer(record)),
            (int) services.execution().randomLong());
    this.connections = connections;
    decoder =
        new RecordDecoder(
            services.limits().strangerRecordBytesMax(), services.limits().recordBytesMax(), this);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    channel = ctx.channel();
    recordNanos = services.execution().nanoTime();
    outbox =
        new Outbox(
            ctx.channel(),
            services.limits().pendingBytesMax(),
            connections,
            this::waitingBytes,
            this::goOn);
    if (ctx.channel().remoteAddress() instanceof InetSocketAddress remote
        && remote.getAddress() != null) {
      address = remote.getAddress().getHostAddress();
      clientAddress = ClientAddress.of(remote.getAddress());
    }
    context = ctx;
    turns = dispatcher.on(ctx.executor());
    line = turns.join(address);
    if (!connections.admit(this)) {
      cut("there are too many connections");
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    connections.remove(this);
    outbox.close();
    dropQueue();
    if (turns != null && line != null) {
      turns.leave(line);
      line = null;
    }
  }

  private void dropQueue() {
    for (var record = queue.poll(); record != null; record = queue.poll()) {
      record.release();
    }
    queuedBytes = 0;
  }

  /** What puts its records together; goes before it in the pipeline. */
  public RecordDecoder decoder() {
    return decoder;
  }

  /** Whether it serves no session. */
  boolean isStranger() {
    return sessions.isEmpty();
  }

  /** Whether its client has left its replies where they are for a while. */
  boolean isStuck() {
    return outbox.sweepsWithoutProgress() >= STUCK_SWEEPS;
  }

  long heldBytes() {
    return outbox.accountedBytes();
  }

  /** Ends the connection. Any thread. */
  void cut(String reason) {
    LOG.debug("connection of {} is cut: {}", address, reason);
    connections.countCut();
    var open = channel;
    if (open != null) {
      var _ = open.close();
    }
  }

  /** Ends the connection where nothing goes on in it. Any thread, about once a second. */
  void sweep() {
    var open = channel;
    if (open != null) {
      try {
        open.eventLoop().execute(this::sweepInLoop);
      } catch (RejectedExecutionException _) {
        outbox.close(); // the server stops
      }
    }
  }

  private void sweepInLoop() {
    var traffic = services.limits().traffic();
    var now = services.execution().nanoTime();
    if (outbox.sweep(now) > traffic.unreadTimeMax().toNanos()) {
      cut("it does not take its replies");
    } else if (isStranger() && now - recordNanos > traffic.strangerIdleMax().toNanos()) {
      cut("it is idle and has no session");
    } else if (!decoder.isInRecord() || outbox.isFull()) {
      inRecordNanos = 0;
    } else if (inRecordNanos == 0) {
      inRecordNanos = now;
    } else if (now - inRecordNanos > traffic.recordTimeMax().toNanos()) {
      cut("a request does not come to its end");
    }
  }

  @Override
  public boolean isFull() {
    return outbox.stopsReading();
  }

  @Override
  public String address() {
    return address;
  }

  @Override
  public ClientAddress clientAddress() {
    return clientAddress;
  }

  @Override
  public CallbackCalls callbacks() {
    return callbacks;
  }

  @Override
  public void joined(Session session) {
    sessions.add(session);
  }

  @Override
  public void left(Session session) {
    sessions.remove(session);
  }

  /** Whether a large record begins like a request of a session that exists. */
  @Override
  public boolean admits(ByteBuf head) {
    if (!sessions.isEmpty()) {
      return true;
    }
    try {
      Xdr.skip(head, 8);
      RpcCall.read(0, head);
      CompoundHeader.read(head);
      return Xdr.readInt(head) == OperationCode.SEQUENCE.number()
          && services.clients().session(SessionId.read(head)) != null;
    } catch (BadXdr _) {
      return false;
    }
  }

  @Override
  public int dataAt(ByteBuf head) {
    return LargeData.position(head);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    var record = (ByteBuf) message;
    recordNanos = services.execution().nanoTime();
    inRecordNanos = 0;
    if (line == null) {
      record.release();
      return;
    }
    if (queue.isEmpty() && line.mayRun() && outbox.mayBegin()) {
      charge(() -> run(ctx, record));
      return;
    }
    queue.add(record);
    queuedBytes += record.readableBytes();
    if (isQueueFull()) {
      outbox.hold(true);
    }
    lineUp();
  }

  private boolean isQueueFull() {
    var limits = dispatcher.limits();
    return queue.size() >= limits.queuedRequestsMax() || queuedBytes >= limits.queuedBytesMax();
  }

  /** Waits for a turn where anything is queued that can run. */
  private void lineUp() {
    // Asked first, since it may flush, which may come back to here.
    if (mayRunQueued() && !inLine && line != null) {
      inLine = true;
      line.queue(this);
    }
  }

  private boolean mayRunQueued() {
    return !queue.isEmpty() && outbox.mayBegin();
  }

  @Override
  public boolean runQueued() {
    var record = mayRunQueued() ? queue.poll() : null;
    if (record != null && context != null) {
      queuedBytes -= record.readableBytes();
      inTurn = true;
      try {
        run(context, record);
      } finally {
        inTurn = false;
      }
    }
    inLine = mayRunQueued();
    return inLine;
  }

  @Override
  public void endTurn() {
    outbox.flush();
    outbox.hold(isQueueFull());
  }

  /** Goes on with what has come in, as far as it may: it was full, or had its turn. */
  private void goOn() {
    lineUp();
    if (!inTurn) {
      decoder.resume();
    }
  }

  private long waitingBytes() {
    return queuedBytes + decoder.heldBytes();
  }

  private void run(ChannelHandlerContext ctx, ByteBuf record) {
    var taken = false;
    try {
      taken = receive(ctx, record);
    } catch (BadXdr _) {
      var _ = ctx.close(); // not even a call header: there is nobody to answer to
    } finally {
      if (!taken) {
        record.release();
      }
    }
  }

  /** Returns whether the record was taken over. */
  private boolean receive(ChannelHandlerContext ctx, ByteBuf record) {
    var recordBytes = record.readableBytes();
    var xid = Xdr.readInt(record);
    switch (Xdr.readInt(record)) {
      case RpcCall.CALL -> {}
      case RpcCall.REPLY -> {
        callbacks.answered(xid, record);
        return false;
      }
      default -> throw BadXdr.INSTANCE;
    }
    var call = RpcCall.read(xid, record);
    var out = ctx.alloc().directBuffer(REPLY_BYTES_FIRST);
    if (refused(call, out)) {
      outbox.send(new ReplyBuffer(out));
      return false;
    }
    return compound(call, record, recordBytes, out);
  }

  /** Answers all calls but COMPOUND; returns false for that. */
  private static boolean refused(RpcCall call, ByteBuf out) {
    var xid = call.xid();
    if (call.rpcVersion() != RpcCall.RPC_VERSION) {
      RpcReply.writeRpcMismatch(out, xid);
    } else if (call.credential() instanceof Credential.Unknown
        || call.credential() instanceof Credential.Broken
        || (call.credential() instanceof Credential.TlsProbe && call.procedure() != NULL)) {
      RpcReply.writeAuthError(out, xid, RpcReply.AUTH_BADCRED);
    } else if (call.program() != PROGRAM) {
      RpcReply.writeAccepted(out, xid, RpcReply.PROG_UNAVAIL);
    } else if (call.version() != VERSION) {
      RpcReply.writeVersionMismatch(out, xid, VERSION, VERSION);
    } else if (call.procedure() == NULL) {
      // A probe for TLS gets the same answer, whose empty verifier says that there is none.
      RpcReply.writeAccepted(out, xid, 0);
    } else if (call.procedure() != COMPOUND) {
      RpcReply.writeAccepted(out, xid, RpcReply.PROC_UNAVAIL);
    } else {
      return false;
    }
    return true;
  }

  private boolean compound(RpcCall call, ByteBuf record, int recordBytes, ByteBuf out) {
    var bodyAt = record.readerIndex();
    CompoundHeader header;
    try {
      header = CompoundHeader.read(record);
    } catch (BadXdr _) {
      RpcReply.writeAccepted(out, call.xid(), RpcReply.GARBAGE_ARGS);
      outbox.send(new ReplyBuffer(out));
      return false;
    }
    RpcReply.begin(out, call.xid());
    out.writeInt(header.status().code());
    Xdr.writeOpaque(out, header.tag());
    if (header.status() != NfsStatus.OK) {
      out.writeInt(0);
      RpcReply.end(out, out.readableBytes());
      outbox.send(new ReplyBuffer(out));
      return false;
    }
    var request =
        new Compound.Request(
            new ReplyTarget(this, call.xid()),
            call.credential(),
            header.minorVersion(),
            header.operations(),
            recordBytes,
            Fingerprint.of(record, bodyAt, record.readerIndex(), call.credential()));
    outbox.began(recordBytes);
    var compound = new Compound(services, request, new ReplyBuffer(out));
    new CompoundRun(services, meters, compound, record, this).start();
    return true;
  }

  @Override
  public void parked() {
    if (line != null) {
      budget = line.budget();
      budget.park();
    }
  }

  @Override
  public void later(Runnable task) {
    try {
      Objects.requireNonNull(context).executor().execute(() -> charge(task));
    } catch (RejectedExecutionException _) {
      task.run(); // the server stops
    }
  }

  /** Runs a task, and counts it for the client's turn. On the event loop. */
  private void charge(Runnable task) {
    var begin = services.execution().nanoTime();
    task.run();
    if (line != null) {
      line.used(services.execution().nanoTime() - begin);
    }
  }

  @Override
  public void completed(CompoundRun run) {
    if (run.isHandedOff() && budget != null) {
      budget.unpark();
    }
    var compound = run.compound();
    var reply = compound.reply();
    outbox.ended(compound.request().recordBytes());
    switch (compound.admission()) {
      case null -> sendTo(List.of(compound.request().target()), reply, run);
      case Slot.Admission.Joined() -> reply.release();
      case Slot.Admission.Replay(var kept) -> {
        if (kept == null) {
          sendTo(List.of(compound.request().target()), reply, run);
        } else {
          reply.release();
          replay(compound.request().target().xid(), kept);
        }
      }
      case Slot.Admission.Run(), Slot.Admission.Resumed _ -> {
        var slot = compound.slot();
        if (slot == null) {
          throw new IllegalStateException("admitted without a slot");
        }
        var session = compound.session();
        if (session != null) {
          session.ended();
        }
        sendTo(slot.finish(toKeep(compound), reply.out().capacity()), reply, run);
      }
    }
  }

  /** The part of a reply that a retry would get, or null where it is not worth its memory. */
  private static @Nullable ByteBuf toKeep(Compound compound) {
    var reply = compound.reply();
    var out = reply.out();
    var bytes = out.writerIndex() - RpcReply.HEADER_BYTES;
    if (!reply.parts().isEmpty() || (!compound.cacheThis() && bytes > KEPT_UNASKED_BYTES_MAX)) {
      return null;
    }
    return out.retainedSlice(RpcReply.HEADER_BYTES, bytes);
  }

  private void replay(int xid, ByteBuf kept) {
    var out = kept.alloc().directBuffer(RpcReply.HEADER_BYTES + kept.readableBytes());
    RpcReply.begin(out, xid);
    out.writeBytes(kept);
    kept.release();
    RpcReply.end(out, out.readableBytes());
    outbox.send(new ReplyBuffer(out));
  }

  /** Sends a reply to all who asked for it: mostly one. */
  private static void sendTo(List<ReplyTarget> targets, ReplyBuffer reply, CompoundRun run) {
    RpcReply.end(reply.out(), reply.bytes());
    for (var i = 0; i < targets.size(); i++) {
      var target = targets.get(i);
      var last = i == targets.size() - 1;
      var own = last ? reply : reply.copy();
      own.out().setInt(4, target.xid());
      if (!(target.peer() instanceof Connection connection)) {
        own.release();
      } else if (run.isHandedOff()) {
        connection.outbox.post(own); // maybe from the event loop, but not while it reads
      } else {
        connection.outbox.send(own);
      }
    }
    if (targets.isEmpty()) {
      reply.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    outbox.flush();
    ctx.fireChannelReadComplete();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    outbox.adjustReading();
    ctx.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    for (var session : sessions) {
      session.unbind(this);
    }
    outbox.close();
    callbacks.close();
    dropQueue();
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    switch (cause) {
      case IOException _ -> LOG.debug("connection of {} broke", address, cause);
      case TooLongFrameException _ -> LOG.debug("connection of {} refused", address, cause);
      default -> LOG.error("connection of {} failed", address, cause);
    }
    var _ = ctx.close();
  }
}
