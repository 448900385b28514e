package io.bucketfs.app.cli;

import io.bucketfs.cache.NativeLibrary;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A short life of a gateway, of which the launcher keeps what the JVM learns: the classes that a
 * start needs, found, checked and linked. It is a demo, which has a mount, and so a client of S3.
 */
final class Training {
  /** The second time finds a mount, as every start does but the first. */
  private static final int STARTS = 2;

  /** The settings of whoever runs the launcher are for the gateway that he wants. */
  static final Map<String, String> ENVIRONMENT =
      Map.of("BUCKETFS_LISTEN", "127.0.0.1", "BUCKETFS_CACHE_SIZE", "1GiB");

  private Training() {}

  /**
   * Starts and stops a demo in {@code demo} in a directory, and keeps the native library of the
   * local tier in {@code libraries}.
   */
  static int run(CliContext context, Path directory) throws IOException {
    NativeLibrary.copyTo(directory.resolve("libraries"));
    return live(context, directory.resolve("demo").toString());
  }

  private static int live(CliContext context, String directory) throws IOException {
    var ports = freePorts(3);
    var code = ExitCode.OK;
    for (var i = 0; i < STARTS && code == ExitCode.OK; i++) {
      code =
          new Cli(context)
              .run(
                  "demo",
                  "--dir",
                  directory,
                  "--port",
                  "" + ports.get(0),
                  "--admin-port",
                  "" + ports.get(1),
                  "--s3-port",
                  "" + ports.get(2));
    }
    return code;
  }

  /** Does not wait. */
  @SuppressWarnings("CatchingUnchecked")
  static int stop(AutoCloseable service) {
    try {
      service.close();
      return ExitCode.OK;
    } catch (Exception _) {
      return ExitCode.FAILED;
    }
  }

  private static List<Integer> freePorts(int count) throws IOException {
    var sockets = new ArrayList<ServerSocket>();
    try {
      while (sockets.size() < count) {
        sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      }
      return sockets.stream().map(ServerSocket::getLocalPort).toList();
    } finally {
      for (var socket : sockets) {
        socket.close();
      }
    }
  }
}
