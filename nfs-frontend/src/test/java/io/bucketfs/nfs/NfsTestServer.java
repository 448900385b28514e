package io.bucketfs.nfs;

import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.FileSystem;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.UnaryOperator;

/** A server on a port of its own that can be restarted with its records. */
public final class NfsTestServer implements AutoCloseable {
  final ThreadExecution execution = new ThreadExecution(2, Meters.NONE);
  final MemoryRecords records = new MemoryRecords();
  private final FileSystem fileSystem;
  private final NfsConfig config;
  private final Execution used;
  private NfsServer server;

  public NfsTestServer(FileSystem fileSystem, Duration lease)
      throws IOException, InterruptedException {
    this.fileSystem = fileSystem;
    config = config(lease);
    used = execution;
    server = start();
  }

  public NfsTestServer(FileSystem fileSystem, Execution used)
      throws IOException, InterruptedException {
    this.fileSystem = fileSystem;
    config = config(Duration.ofSeconds(60));
    this.used = used;
    server = start();
  }

  public NfsTestServer(FileSystem fileSystem, Duration lease, NfsLimits limits)
      throws IOException, InterruptedException {
    this.fileSystem = fileSystem;
    config = config(lease).withLimits(limits);
    used = execution;
    server = start();
  }

  /** A server whose configuration or threads are other than usual. */
  public NfsTestServer(
      FileSystem fileSystem,
      UnaryOperator<Execution> wrapping,
      UnaryOperator<NfsConfig> configuring)
      throws IOException, InterruptedException {
    this.fileSystem = fileSystem;
    config = configuring.apply(config(Duration.ofSeconds(60)));
    used = wrapping.apply(execution);
    server = start();
  }

  private static NfsConfig config(Duration lease) {
    return NfsConfig.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .withLease(lease);
  }

  private NfsServer start() throws IOException, InterruptedException {
    if (fileSystem instanceof MemoryFileSystem memory) {
      memory.noteTo(records::note);
      memory.forgetOpens();
    }
    var fresh = new NfsServer(config, fileSystem, used, Meters.NONE, records);
    fresh.start();
    return fresh;
  }

  public NfsServer server() {
    return server;
  }

  public int port() {
    return server.port();
  }

  /** Ends the process, in order or not, and starts again: only records and notes are left. */
  public void restart() throws IOException, InterruptedException {
    server.close();
    server = start();
  }

  /** As if power had been lost: only records are left. */
  public void losePower() throws IOException, InterruptedException {
    server.close();
    records.loseNotes();
    server = start();
  }

  @Override
  public void close() {
    server.close();
    execution.close();
  }
}
