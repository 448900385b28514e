package io.bucketfs.nfs;

import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Serves a file system in memory, to be looked at with real clients: ADDRESS PORT LEASE-SECONDS.
 */
public final class MemoryServerMain {
  private MemoryServerMain() {}

  public static void main(String[] arguments) throws Exception {
    var address = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
    var lease = Duration.ofSeconds(Long.parseLong(arguments[2]));
    var execution = new ThreadExecution(4, Meters.NONE);
    var server =
        new NfsServer(
            NfsConfig.at(address).withLease(lease),
            new MemoryFileSystem(),
            execution,
            Meters.NONE,
            new MemoryRecords());
    server.start();
    Thread.currentThread().join();
  }
}
