package io.bucketfs.nfs;

import io.bucketfs.core.local.ProtocolRecords;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.nfs.attr.AttributeWriter;
import io.bucketfs.nfs.callback.CallbackOperation;
import io.bucketfs.nfs.exec.Connection;
import io.bucketfs.nfs.exec.Connections;
import io.bucketfs.nfs.exec.Dispatcher;
import io.bucketfs.nfs.exec.OperationMeters;
import io.bucketfs.nfs.export.ExportTable;
import io.bucketfs.nfs.export.HandleCodec;
import io.bucketfs.nfs.export.ReadOnlyFileSystem;
import io.bucketfs.nfs.op.Services;
import io.bucketfs.nfs.recovery.ClientRecords;
import io.bucketfs.nfs.recovery.DurableIdentity;
import io.bucketfs.nfs.recovery.Grace;
import io.bucketfs.nfs.rpc.RecordReceiver;
import io.bucketfs.nfs.state.ClientLimits;
import io.bucketfs.nfs.state.Clients;
import io.bucketfs.nfs.state.Journal;
import io.bucketfs.nfs.state.LeaseClock;
import io.bucketfs.nfs.state.LockWaiter;
import io.bucketfs.nfs.state.Opaque;
import io.bucketfs.nfs.state.OpenFiles;
import io.bucketfs.nfs.state.Revocation;
import io.bucketfs.nfs.state.StateBudget;
import io.bucketfs.nfs.status.NfsException;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The NFSv4.1 and 4.2 server: the module's entry point. Started once, closed once. */
public final class NfsServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NfsServer.class);
  private static final int BACKLOG = 1024;
  private static final int WRITE_LOW_BYTES = 2 * 1_048_576;
  private static final int WRITE_HIGH_BYTES = 8 * 1_048_576;
  private static final Duration CONNECTION_SWEEP = Duration.ofSeconds(1);
  private static final int SWEEPS_IN_LEASE = 8;
  private static final Duration SWEEP_MIN = Duration.ofMillis(100);
  private static final Duration SWEEP_MAX = Duration.ofSeconds(1);

  private final NfsConfig config;
  private final FileSystem fileSystem;
  private final Execution execution;
  private final Meters meters;
  private final ProtocolRecords records;
  private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final Connections connections;
  private volatile @Nullable Running running;
  private volatile boolean closed;

  /** What exists between start and close. */
  private record Running(
      EventLoopGroup loops, Channel listening, Services services, LeaseClock clock) {}

  public NfsServer(
      NfsConfig config,
      FileSystem fileSystem,
      Execution execution,
      Meters meters,
      ProtocolRecords records) {
    this.config = config;
    this.fileSystem = fileSystem;
    this.execution = execution;
    this.meters = meters;
    this.records = records;
    connections =
        new Connections(
            config.limits().connectionsMax(),
            config.limits().traffic().memoryBytesMax(),
            meters.counter("nfs_connections_cut"));
  }

  /**
   * Reads the records of the last run and listens. Waits for the disk.
   *
   * @throws IOException where the address cannot be listened at, or the records cannot be kept
   */
  public void start() throws IOException, InterruptedException {
    var identity = DurableIdentity.load(records, execution);
    var clock = new LeaseClock(execution, config.lease(), sweepInterval());
    var services = services(identity, clock);
    var operationMeters = new OperationMeters(meters);
    var dispatcher = new Dispatcher(config.dispatch(), execution::nanoTime);
    var epoll = config.transport() == NfsConfig.Transport.AUTO && Epoll.isAvailable();
    var loops =
        new MultiThreadIoEventLoopGroup(
            config.eventLoops(), epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    Class<? extends ServerChannel> type =
        epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    var bound =
        new ServerBootstrap()
            .group(loops)
            .channel(type)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            // It keeps buffers of more than 1 MiB, too, which are those of large WRITEs.
            .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(WRITE_LOW_BYTES, WRITE_HIGH_BYTES))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel, services, operationMeters, dispatcher);
                  }
                })
            .bind(config.address())
            .await();
    if (!bound.isSuccess()) {
      var _ = loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      throw new IOException(
          "cannot listen for NFS at " + config.address() + ": " + bound.cause().getMessage(),
          bound.cause());
    }
    running = new Running(loops, bound.channel(), services, clock);
    meters.gauge("nfs_connections", connections::count);
    meters.gauge("nfs_buffered_bytes", connections::heldBytes);
    meters.gauge("nfs_sessions", services.clients()::sessionCount);
    meters.gauge("nfs_open_files", services.openFiles()::fileCount);
    meters.gauge("nfs_states", services.openFiles()::stateCount);
    meters.gauge("nfs_state_bytes", services.clients()::stateBytes);
    meters.gauge("nfs_reply_cache_bytes", services.clients()::replyCacheBytes);
    scheduleSweep(services, clock);
    scheduleConnectionSweep();
    LOG.info(
        "NFS listens at {}{}",
        bound.channel().localAddress(),
        services.grace().isActive()
            ? ", " + services.grace().awaited().size() + " clients may reclaim"
            : "");
  }

  private Services services(DurableIdentity identity, LeaseClock clock) {
    var limits = config.limits();
    var clientRecords = new ClientRecords(records, execution);
    var journal = new Journal(records);
    var budget = new StateBudget(limits.stateBytesMax(), meters.counter("nfs_state_refusals"));
    var openFiles = new OpenFiles(fileSystem, execution, identity.epoch(), budget, journal);
    var grace =
        new Grace(identity.recordedClients(), clientRecords, journal, execution, config.lease());
    var clients =
        new Clients(
            execution,
            clock,
            openFiles,
            new ClientLimits(
                limits.clientsMax(),
                limits.sessionsPerClientMax(),
                limits.courtesyClientsMax(),
                config.courtesy(),
                config.replyCourtesy(),
                limits.replyCacheBytesMax()),
            budget,
            identity.epoch(),
            journal,
            grace);
    var notes = journal.begin();
    clients.resume(notes, identity.recordedClients());
    grace.begin(clients.all(), journal.isWhole(notes));
    var handles = new HandleCodec(identity.handleKey0(), identity.handleKey1());
    openFiles.onWakeUp(NfsServer::notify);
    var now = execution.now();
    return new Services(
        fileSystem,
        execution,
        limits,
        clients,
        openFiles,
        grace,
        clientRecords,
        journal,
        handles,
        new ExportTable(fileSystem),
        new AttributeWriter(handles, config.lease(), limits.ioBytesMax()),
        new ReadOnlyFileSystem(fileSystem),
        meters.counter("nfs_read_bytes"),
        meters.counter("nfs_written_bytes"),
        identity.serverOwner(),
        now.getEpochSecond() * 1_000_000_000L + now.getNano());
  }

  private static void notify(LockWaiter waiter) {
    var client = waiter.client();
    client.callBack(
        new CallbackOperation.NotifyLock(
            waiter.handle().bytes(), client.id(), waiter.owner().bytes()),
        _ -> {}); // a client that does not hear it asks again by itself
  }

  private void accept(
      Channel channel, Services services, OperationMeters operationMeters, Dispatcher dispatcher) {
    channels.add(channel);
    var connection = new Connection(services, operationMeters, connections, dispatcher);
    channel.config().setRecvByteBufAllocator(new RecordReceiver(connection.decoder()));
    channel.pipeline().addLast(connection.decoder(), connection);
  }

  private void scheduleConnectionSweep() {
    if (closed) {
      return;
    }
    var _ =
        execution.schedule(
            CONNECTION_SWEEP,
            "nfs connections",
            () -> {
              try {
                connections.sweep();
              } finally {
                scheduleConnectionSweep();
              }
            });
  }

  /** A small part of a lease: states age in steps of it, and a pause is noticed after it. */
  private Duration sweepInterval() {
    // Not dividedBy, which computes with decimals and loads all that they need.
    var interval = Duration.ofNanos(config.lease().toNanos() / SWEEPS_IN_LEASE);
    return interval.compareTo(SWEEP_MIN) < 0
        ? SWEEP_MIN
        : interval.compareTo(SWEEP_MAX) > 0 ? SWEEP_MAX : interval;
  }

  private static boolean isMemoryShort() {
    var used =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
    return used > PlatformDependent.maxDirectMemory() / 10 * 9;
  }

  private void scheduleSweep(Services services, LeaseClock clock) {
    if (closed) {
      return;
    }
    var interval = sweepInterval();
    var _ =
        execution.schedule(
            interval,
            "nfs leases",
            () -> {
              try {
                clock.beat();
                services.grace().tick();
                services.clients().sweep(isMemoryShort());
              } finally {
                scheduleSweep(services, clock);
              }
            });
  }

  /** The port that is listened at. */
  public int port() {
    return ((InetSocketAddress) requireRunning().listening.localAddress()).getPort();
  }

  /**
   * A client as operators see it.
   *
   * @param owner how the client names itself
   * @param implementation its software, where it says so
   * @param states how many opens and lock owners it has, those included that were taken from it
   * @param opens how many files it has open, counted by open-owner
   * @param locks how many byte ranges it has locked
   * @param idle since its lease was renewed
   * @param expired whether its lease ran out, so that it keeps what it has out of courtesy
   */
  public record ClientView(
      long id,
      String owner,
      String address,
      String implementation,
      boolean confirmed,
      int sessions,
      int states,
      int opens,
      int locks,
      Duration idle,
      boolean expired) {}

  /**
   * The server as operators see it.
   *
   * @param inGrace whether clients reclaim what they held before the start
   * @param graceRemaining how long that lasts at most
   * @param awaited the clients that have not finished, as they name themselves
   * @param lease how long a client may be silent before others may have what it holds
   */
  public record View(
      Instant at,
      int connections,
      int sessions,
      boolean inGrace,
      Duration graceRemaining,
      List<String> awaited,
      Duration lease,
      List<ClientView> clients) {}

  /** What goes on now. */
  public View view() {
    var services = requireRunning().services;
    var clients =
        services.clients().all().stream()
            .map(client ->
                new ClientView(
                    client.id(),
                    client.owner().toString(),
                    client.address(),
                    client.implementation(),
                    client.isConfirmed(),
                    client.sessions().size(),
                    client.stateCount(),
                    client.openCount(),
                    client.lockCount(),
                    Duration.ofNanos(client.idleNanos()),
                    client.isExpired()))
            .sorted(Comparator.comparing(ClientView::owner).thenComparingLong(ClientView::id))
            .toList();
    return new View(
        execution.now(),
        connections.count(),
        services.clients().sessionCount(),
        services.grace().isActive(),
        services.grace().remaining(),
        services.grace().awaited().stream().map(Opaque::toString).toList(),
        config.lease(),
        clients);
  }

  /**
   * Takes all opens and locks away from a client, which is told (RFC 8881, 8.5). Before that it is
   * durable that it cannot reclaim them after a loss of power, since others may have them then.
   * Waits for the disk.
   *
   * @return whether there is such a client
   * @throws IOException where nothing was taken, since the disk did not do its part
   */
  public boolean revoke(long clientId) throws IOException {
    var services = requireRunning().services;
    for (var client : services.clients().all()) {
      if (client.id() == clientId) {
        try {
          services.grace().forfeit(client, Patience.FOREVER);
        } catch (NfsException e) {
          throw new IOException("cannot note that the client lost what it held", e);
        }
        services.openFiles().revokeAll(client, Revocation.ADMINISTRATIVE);
        return true;
      }
    }
    return false;
  }

  /** Serves a channel that did not come in over the network. */
  void attach(Channel channel) {
    accept(
        channel,
        requireRunning().services,
        new OperationMeters(Meters.NONE),
        new Dispatcher(config.dispatch(), execution::nanoTime));
  }

  /** Looks after connections at once, as is done every second. */
  void sweepConnections() {
    connections.sweep();
  }

  /** Bytes that connections hold for requests and replies. */
  long bufferedBytes() {
    return connections.heldBytes();
  }

  /** Heap that clients take with what they hold, about. */
  long stateBytes() {
    return requireRunning().services.clients().stateBytes();
  }

  /** Bytes that are reserved for kept replies. */
  long replyCacheBytes() {
    return requireRunning().services.clients().replyCacheBytes();
  }

  private Running requireRunning() {
    var present = running;
    if (present == null) {
      throw new IllegalStateException("the NFS server does not run");
    }
    return present;
  }

  /** Stops listening and drops all connections. After the next start clients go on. */
  @Override
  public void close() {
    closed = true;
    var present = running;
    if (present == null) {
      return;
    }
    running = null;
    present.listening.close().syncUninterruptibly();
    channels.close().awaitUninterruptibly();
    present.loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    present.services.clients().close();
  }
}
