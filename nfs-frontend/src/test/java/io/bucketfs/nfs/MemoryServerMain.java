package io.bucketfs.nfs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Serves a file system in memory, to be looked at with real clients: ADDRESS PORT LEASE-SECONDS.
 * Each line of the standard input restarts it; the line {@code power} as after a loss of power.
 */
public final class MemoryServerMain {
  private MemoryServerMain() {}

  public static void main(String[] arguments) throws Exception {
    var address = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
    var lease = Duration.ofSeconds(Long.parseLong(arguments[2]));
    var execution = new ThreadExecution(4, Meters.NONE);
    var fileSystem = new MemoryFileSystem();
    var records = new MemoryRecords();
    try (var lines = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
      String line;
      do {
        try (var server =
            new NfsServer(
                NfsConfig.at(address).withLease(lease),
                fileSystem,
                execution,
                Meters.NONE,
                records)) {
          server.start();
          line = lines.readLine();
        }
        if ("power".equals(line)) {
          records.loseNotes();
        }
      } while (line != null);
    }
  }
}
