package io.bucketfs.e2e.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The processes that the tests started. Each is ended by the handle it was started with; what a
 * test left behind is ended with the JVM.
 */
public final class ChildProcesses {
  private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

  static {
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> RUNNING.forEach(ChildProcesses::kill), "end-children"));
  }

  private ChildProcesses() {}

  /** Starts a process and remembers it. */
  public static Process start(ProcessBuilder builder) {
    try {
      var process = builder.start();
      RUNNING.add(process);
      var _ = process.onExit().thenAccept(RUNNING::remove);
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a short command to its end; it must succeed. */
  public static String run(Duration limit, Path log, String... command) {
    return run(limit, log, List.of(command)).orFail();
  }

  /** Runs a short command to its end. Its standard error goes to the log. */
  public static Output run(Duration limit, Path log, List<String> command) {
    var process =
        start(
            new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile())));
    try (var output = process.getInputStream()) {
      process.getOutputStream().close();
      var watchdog = process.onExit().orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS);
      var _ =
          watchdog.exceptionally(_ -> {
            kill(process);
            return process;
          });
      var stdout = new String(output.readAllBytes(), StandardCharsets.UTF_8);
      return new Output(
          String.join(" ", command), await(process), stdout, "(in " + log.getFileName() + ")");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends a process as a crash does (SIGKILL), with all that it started, and waits for the end. */
  public static void kill(Process process) {
    var descendants = process.descendants().toList();
    process.destroyForcibly();
    descendants.forEach(ProcessHandle::destroyForcibly);
    await(process);
  }

  /** Asks a process to end (SIGTERM) and returns true if it did in time; else it is killed. */
  public static boolean stop(Process process, Duration limit) {
    process.destroy();
    return awaitOrKill(process, limit);
  }

  /** Returns true if the process ended by itself in time; else it is killed. */
  public static boolean awaitOrKill(Process process, Duration limit) {
    try {
      if (process.waitFor(limit)) {
        return true;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    kill(process);
    return false;
  }

  private static int await(Process process) {
    return process.onExit().join().exitValue();
  }
}
