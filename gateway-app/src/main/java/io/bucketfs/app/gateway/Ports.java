package io.bucketfs.app.gateway;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Finds out whether a port can be listened on. */
public final class Ports {
  private Ports() {}

  /**
   * Whether the port is free now; who listens next may still find it taken.
   *
   * @param address a literal
   */
  public static boolean isFree(String address, int port) {
    try (var socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral(address), port));
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
