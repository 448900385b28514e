package io.bucketfs.bench.nfs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Starts {@code bucketfs serve} on a state directory again and again, and says after what time from
 * the command on it is ready, and after what time a client has a session and has looked up its
 * export:
 *
 * <pre>
 * StartTime LAUNCHER STATE EXPORT TIMES
 * </pre>
 *
 * <p>The first client loads the classes of a client, which is counted.
 */
public final class StartTime {
  private static final int PORT = 2051;
  private static final int ADMIN_PORT = 9051;
  private static final long STOP_SECONDS_MAX = 60;

  private StartTime() {}

  public static void main(String... arguments) throws Exception {
    var launcher = arguments[0];
    var state = Path.of(arguments[1]);
    var target = Target.parse("bucketfs=127.0.0.1:" + PORT + "/" + arguments[2]);
    for (var i = 0; i < Integer.parseInt(arguments[3]); i++) {
      var begin = System.nanoTime();
      var process =
          new ProcessBuilder(
                  List.of(
                      launcher,
                      "serve",
                      "--state",
                      state.toString(),
                      "--listen",
                      "127.0.0.1",
                      "--port",
                      "" + PORT,
                      "--admin-port",
                      "" + ADMIN_PORT,
                      // More than is described.
                      "--cache-size",
                      "4TiB",
                      "--memory",
                      "1GiB"))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try {
        awaitReady(process);
        var ready = System.nanoTime() - begin;
        try (var _ = new StreamClient(target, "start-" + i, 1)) {
          var answered = System.nanoTime() - begin;
          System.out.printf(
              Locale.ROOT,
              "ready after %.2f s, answers after %.2f s%n",
              ready / 1e9,
              answered / 1e9);
        }
      } finally {
        stop(process);
      }
    }
  }

  private static void awaitReady(Process process) throws IOException {
    var lines = process.inputReader();
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.equals("ready")) {
        return;
      }
    }
    throw new IOException("the gateway ended before it was ready");
  }

  private static void stop(Process process) throws InterruptedException {
    process.destroy();
    if (!process.waitFor(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }
}
