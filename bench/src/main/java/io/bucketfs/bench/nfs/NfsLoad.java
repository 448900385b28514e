package io.bucketfs.bench.nfs;

import io.bucketfs.nfs.TestConnection;
import io.netty.channel.EventLoopGroup;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * Loads one NFSv4.1 server, or several in turns, so that other load on the machine meets all alike:
 *
 * <pre>
 * NfsLoad [OPTION=NUMBER...] LOAD... TARGET...
 *   LOAD     ACTION[=WEIGHT][,...][/CLIENTSxCONNECTIONSxSLOTS], ACTION one of getattr, lookup,
 *            read:SIZE, write:SIZE, append:SIZE, create, open, readdir; SIZE with k or m
 *   TARGET   NAME=HOST:PORT/EXPORT[,PID]
 *   rounds=3 seconds=3 warmup=5 files=16 file-bytes=1048576 threads=1
 *   parked=0 cold=cold store=PID
 * </pre>
 *
 * <p>With {@code parked}, so many reads of the file {@code cold}, which only the S3 of the first
 * target has, wait meanwhile: the S3, process {@code store}, is stopped for that time.
 *
 * <p>Prints the median round of each load and server, and with two servers the ratio.
 */
public final class NfsLoad {
  private final List<Load> loads = new ArrayList<>();
  private final List<String> loadNames = new ArrayList<>();
  private final List<Target> targets = new ArrayList<>();
  private int rounds = 3;
  private int seconds = 3;
  private int warmup = 5;
  private int files = 16;
  private int fileBytes = 1 << 20;
  private int threads = 1;
  private int parked;
  private long store;
  private String cold = "cold";

  private NfsLoad(String... arguments) {
    for (var argument : arguments) {
      read(argument);
    }
    if (loads.isEmpty() || targets.isEmpty()) {
      throw new IllegalArgumentException("a load and a target are needed");
    }
  }

  private void read(String argument) {
    var halves = argument.split("=", 2);
    switch (halves[0]) {
      case "rounds" -> rounds = Integer.parseInt(halves[1]);
      case "seconds" -> seconds = Integer.parseInt(halves[1]);
      case "warmup" -> warmup = Integer.parseInt(halves[1]);
      case "files" -> files = Integer.parseInt(halves[1]);
      case "file-bytes" -> fileBytes = Integer.parseInt(halves[1]);
      case "parked" -> parked = Integer.parseInt(halves[1]);
      case "store" -> store = Long.parseLong(halves[1]);
      case "cold" -> cold = halves[1];
      case "threads" -> threads = Integer.parseInt(halves[1]);
      default -> {
        if (Target.isTarget(argument)) {
          targets.add(Target.parse(argument));
        } else {
          loads.add(Load.parse(argument));
          loadNames.add(argument);
        }
      }
    }
  }

  public static void main(String... arguments) throws Exception {
    run(System.out, arguments);
  }

  /** Runs with arguments as above. */
  static void run(PrintStream out, String... arguments) throws Exception {
    new NfsLoad(arguments).run(out);
  }

  private void run(PrintStream out) throws Exception {
    var loops = TestConnection.loops(threads, true);
    try {
      out.printf(
          "%-28s %-10s %9s %9s %9s %9s %10s %9s %9s %8s%n",
          "load",
          "server",
          "op/s",
          "MB/s",
          "p50 us",
          "p99 us",
          "server us",
          "garbage B",
          "client us",
          "delayed");
      runAll(out, loops);
      if (parked > 0) {
        try (var reads = new ParkedReads(loops, targets.getFirst(), cold, parked, store)) {
          out.printf("with %d reads waiting for S3:%n", parked);
          runAll(out, loops);
          out.printf("%d of them were told to come again%n", reads.answered());
        }
      }
    } finally {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }

  private void runAll(PrintStream out, EventLoopGroup loops) throws Exception {
    for (var i = 0; i < loads.size(); i++) {
      var results = new ArrayList<List<LoadRun.Result>>();
      var runs = new ArrayList<LoadRun>();
      try {
        for (var target : targets) {
          runs.add(new LoadRun(loops, target, loads.get(i), new LoadRun.Sizes(files, fileBytes)));
          results.add(new ArrayList<>());
        }
        for (var run : runs) {
          var _ = run.run(TimeUnit.SECONDS.toMillis(warmup));
        }
        for (var round = 0; round < rounds; round++) {
          for (var target = 0; target < targets.size(); target++) {
            results.get(target).add(runs.get(target).run(TimeUnit.SECONDS.toMillis(seconds)));
          }
        }
      } finally {
        for (var run : runs) {
          run.close();
        }
      }
      print(out, loadNames.get(i), results);
    }
  }

  private void print(PrintStream out, String load, List<List<LoadRun.Result>> results) {
    for (var target = 0; target < targets.size(); target++) {
      var of = results.get(target);
      out.printf(
          Locale.ROOT,
          "%-28s %-10s %9.0f %9.1f %9.0f %9.0f %10.1f %9.0f %9.1f %8.0f%n",
          load,
          targets.get(target).name(),
          median(of, LoadRun.Result::perSecond),
          median(of, LoadRun.Result::megabytesPerSecond),
          median(of, LoadRun.Result::p50Micros),
          median(of, LoadRun.Result::p99Micros),
          median(of, LoadRun.Result::serverNanos) / 1e3,
          median(of, LoadRun.Result::serverBytes),
          median(of, LoadRun.Result::clientNanos) / 1e3,
          median(of, result -> result.delayed()));
    }
    if (targets.size() == 2) {
      out.printf(
          Locale.ROOT,
          "%-28s %s : %s = %.2f%n",
          load,
          targets.get(0).name(),
          targets.get(1).name(),
          median(results.get(0), LoadRun.Result::perSecond)
              / median(results.get(1), LoadRun.Result::perSecond));
    }
    out.flush();
  }

  private static double median(
      List<LoadRun.Result> results, ToDoubleFunction<LoadRun.Result> figure) {
    return results.stream()
        .map(figure::applyAsDouble)
        .sorted(Comparator.naturalOrder())
        .skip((results.size() - 1) / 2)
        .findFirst()
        .orElseThrow();
  }
}
