package io.bucketfs.nfs;

import io.bucketfs.core.MemoryGateway;
import io.bucketfs.core.local.Crash;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;

/** A server over the real core, whose local tier forgets in a crash what crashes take. */
final class CrashingServer implements AutoCloseable {
  private final ThreadExecution execution = new ThreadExecution(4, Meters.NONE);
  private final Duration lease;
  private final MemoryGateway world;
  private NfsServer server;

  CrashingServer(long seed, Duration lease) throws Exception {
    this.lease = lease;
    world = new MemoryGateway(execution, seed);
    server = serve();
  }

  private NfsServer serve() throws IOException, InterruptedException {
    var gateway = world.gateway();
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var fresh =
        new NfsServer(
            NfsConfig.at(address).withLease(lease),
            gateway.fileSystem(),
            execution,
            Meters.NONE,
            gateway.protocolRecords());
    fresh.start();
    return fresh;
  }

  NfsServer server() {
    return server;
  }

  int port() {
    return server.port();
  }

  MemoryGateway world() {
    return world;
  }

  /** Ends without notice: connections break, then the stores stop where they are. */
  void crash(Crash kind) throws Exception {
    server.close();
    world.crash(kind);
    world.start(kind);
    server = serve();
  }

  /** Stops in order and starts. */
  void restart() throws Exception {
    server.close();
    world.restart();
    server = serve();
  }

  /** The same client, on a new connection, with the session it had. */
  TestClient reconnected(TestClient before) throws IOException {
    before.close();
    var after = new TestClient(port(), 2);
    after.goOnFor(before);
    return after;
  }

  @Override
  public void close() throws IOException {
    server.close();
    world.close();
    execution.close();
  }
}
