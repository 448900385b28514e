package io.bucketfs.e2e.gateway;

import io.bucketfs.e2e.lab.ChildProcesses;
import io.bucketfs.e2e.lab.KernelLab;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;

/** {@code bucketfs serve} on a state directory that is there, to be measured. */
public final class ServeProcess {
  private static final Duration STOP_MAX = Duration.ofSeconds(30);
  private static final Duration COMMAND_MAX = Duration.ofSeconds(30);
  private static final Pattern USED_HEAP = Pattern.compile("used (\\d+)K");

  private ServeProcess() {}

  /**
   * What one start cost.
   *
   * @param start from the command to the word "ready"
   * @param heapBytes in use after a collection
   */
  public record Figures(Duration start, long heapBytes) {
    /** Worse than any. */
    public static final Figures NONE = new Figures(Duration.ofDays(1), Long.MAX_VALUE);

    /** The better of each. */
    public Figures best(Figures other) {
      return new Figures(
          start.compareTo(other.start) < 0 ? start : other.start,
          Math.min(heapBytes, other.heapBytes));
    }
  }

  /** Starts, measures, and stops in order. */
  public static Figures measure(KernelLab lab, Path state) {
    var log = lab.logs().resolve("serve.log");
    var begin = System.nanoTime();
    var process =
        ChildProcesses.start(
            new ProcessBuilder(
                    Gateway.launcher(),
                    "serve",
                    "--state",
                    state.toString(),
                    "--port",
                    "" + freePort(),
                    "--admin-port",
                    "" + freePort(),
                    "--cache-size",
                    "4GiB",
                    "--memory",
                    "1GiB")
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile())));
    try (var output = process.inputReader(StandardCharsets.UTF_8)) {
      awaitReady(output);
      var start = Duration.ofNanos(System.nanoTime() - begin);
      return new Figures(start, heapBytes(process.pid(), log));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      ChildProcesses.stop(process, STOP_MAX);
    }
  }

  private static void awaitReady(BufferedReader output) throws IOException {
    for (var line = output.readLine(); line != null; line = output.readLine()) {
      if (line.equals("ready")) {
        return;
      }
    }
    throw new AssertionError("the gateway ended before it was ready");
  }

  private static long heapBytes(long pid, Path log) {
    var tool = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    ChildProcesses.run(COMMAND_MAX, log, tool, "" + pid, "GC.run");
    var text = ChildProcesses.run(COMMAND_MAX, log, tool, "" + pid, "GC.heap_info");
    var used = USED_HEAP.matcher(text);
    if (!used.find()) {
      throw new AssertionError("no heap in: " + text);
    }
    return Long.parseLong(used.group(1)) << 10;
  }

  private static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
