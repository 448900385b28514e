package io.bucketfs.e2e.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;

/**
 * The network between clients and the gateway, which can fail: connections break at any byte, or
 * carry nothing for a while.
 */
public final class Wire implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 << 10;
  private static final long POLL_NANOS = 5_000_000;

  private final ServerSocket listening;
  private final int gatewayPort;
  private final List<Connection> connections = new CopyOnWriteArrayList<>();
  private volatile boolean held;

  private record Connection(Socket client, Socket gateway) {
    void close() {
      for (var socket : List.of(client, gateway)) {
        try {
          socket.close();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private Wire(ServerSocket listening, int gatewayPort) {
    this.listening = listening;
    this.gatewayPort = gatewayPort;
  }

  /** Leads to the gateway at a port of this machine. */
  public static Wire to(int gatewayPort) {
    try {
      var wire = new Wire(new ServerSocket(0), gatewayPort);
      Thread.ofVirtual().name("wire").start(wire::accept);
      return wire;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where clients connect to. */
  public int port() {
    return listening.getLocalPort();
  }

  /** How many connections there are. */
  public int connections() {
    return connections.size();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        connect(listening.accept());
      } catch (IOException _) {
        // Closed, or the client went away; the gateway may be down, and the client comes again.
        LockSupport.parkNanos(POLL_NANOS);
      }
    }
  }

  private void connect(Socket client) throws IOException {
    var gateway = new Socket();
    try {
      gateway.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), gatewayPort));
    } catch (IOException e) {
      client.close();
      throw e;
    }
    client.setTcpNoDelay(true);
    gateway.setTcpNoDelay(true);
    var connection = new Connection(client, gateway);
    connections.add(connection);
    Thread.ofVirtual().start(() -> carry(connection, client, gateway));
    Thread.ofVirtual().start(() -> carry(connection, gateway, client));
  }

  private void carry(Connection connection, Socket from, Socket to) {
    var buffer = new byte[BUFFER_BYTES];
    try {
      var in = from.getInputStream();
      var out = to.getOutputStream();
      for (var length = in.read(buffer); length >= 0; length = in.read(buffer)) {
        while (held) {
          LockSupport.parkNanos(POLL_NANOS);
        }
        out.write(buffer, 0, length);
      }
    } catch (IOException _) {
      // One side broke off: so does the other, below.
    } finally {
      connections.remove(connection);
      connection.close();
    }
  }

  /** Breaks one of the connections. */
  public void cut(Random random) {
    var present = List.copyOf(connections);
    if (!present.isEmpty()) {
      present.get(random.nextInt(present.size())).close();
    }
  }

  /** From now on nothing comes through, until it is let through again. */
  public void hold(boolean hold) {
    held = hold;
  }

  @Override
  public void close() throws IOException {
    listening.close();
    held = false;
    connections.forEach(Connection::close);
  }
}
