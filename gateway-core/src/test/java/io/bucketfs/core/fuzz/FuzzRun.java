package io.bucketfs.core.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Runs fuzz targets: classes with a method {@code public static void fuzzerTestOneInput(byte[])}
 * that throws where something is wrong.
 *
 * <p>{@link #replay} gives a target its corpus, and changed copies of it, in an ordinary test.
 * {@link #explore} lets Jazzer look for inputs that reach new code, in a JVM of its own: a target
 * that fails may be beyond repair, and only one can be fuzzed in a process.
 *
 * <p>Corpora are in {@code src/test/fuzz/TARGET}. What Jazzer finds goes to {@code
 * target/fuzz/TARGET}; what makes a target fail is named there {@code crash-*}. It becomes a file
 * of the corpus with the mend.
 */
public final class FuzzRun {
  /** How long to look for new inputs, for each target. Minutes in CI, hours by hand. */
  private static final String SECONDS_PROPERTY = "fuzz.seconds";

  private static final int SECONDS_DEFAULT = 12;

  /** What the search begins with: the same in every run, so that CI repeats itself. 0: any. */
  private static final String SEED_PROPERTY = "fuzz.seed";

  private static final int SEED_DEFAULT = 1;
  private static final Duration START_MAX = Duration.ofMinutes(3);
  private static final int INPUT_BYTES_MAX = 8192;
  private static final int CHANGED_COPIES = 50;

  private FuzzRun() {}

  /** What a target does with an input. */
  @FunctionalInterface
  public interface Target {
    void run(byte[] input) throws Exception;
  }

  private static Path base() {
    return Path.of(System.getProperty("basedir", ".")).toAbsolutePath().normalize();
  }

  private static Path corpus(Class<?> target) {
    return base().resolve("src/test/fuzz").resolve(target.getSimpleName());
  }

  /** Runs a target on every input of its corpus, and on copies with random changes. */
  public static void replay(Class<?> type, Target target) throws IOException {
    var files = new ArrayList<Path>();
    try (var found = Files.list(corpus(type))) {
      found.sorted().forEach(files::add);
    }
    assertThat(files).as("corpus of %s", type.getSimpleName()).isNotEmpty();
    for (var file : files) {
      var input = Files.readAllBytes(file);
      replay(file + "", target, input);
      for (var seed = 0; seed < CHANGED_COPIES; seed++) {
        replay(file + " changed by seed " + seed, target, changed(input, new Random(seed)));
      }
    }
  }

  private static void replay(String what, Target target, byte[] input) {
    try {
      target.run(input);
    } catch (Exception | AssertionError e) {
      throw new AssertionError(what, e);
    }
  }

  private static byte[] changed(byte[] input, Random random) {
    var copy = input.clone();
    for (var changes = 1 + random.nextInt(4); changes > 0 && copy.length > 0; changes--) {
      var at = random.nextInt(copy.length);
      copy[at] = (byte) (random.nextBoolean() ? random.nextInt() : random.nextInt(3) - 1);
    }
    return random.nextInt(4) == 0 && copy.length > 0
        ? Arrays.copyOf(copy, random.nextInt(copy.length))
        : copy;
  }

  /**
   * Lets Jazzer look for inputs on which a target fails.
   *
   * @param share how much of the time for a simple target this one gets
   */
  public static void explore(Class<?> target, int share) throws IOException, InterruptedException {
    var seconds = share * Integer.getInteger(SECONDS_PROPERTY, SECONDS_DEFAULT);
    var found = base().resolve("target/fuzz").resolve(target.getSimpleName());
    Files.createDirectories(found);
    var log = found.resolve("log");
    var command =
        List.of(
            ProcessHandle.current().info().command().orElse("java"),
            "-ea",
            "-Xmx1g",
            "-XX:+EnableDynamicAgentLoading",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dio.netty.customResourceLeakDetector=io.netty.util.LeakPresenceDetector",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=" + target.getName(),
            "--instrumentation_includes=io.bucketfs.**",
            "--custom_hook_includes=none",
            "--disabled_hooks=*",
            "--reproducer_path=" + found,
            "-artifact_prefix=" + found + "/",
            "-seed=" + Integer.getInteger(SEED_PROPERTY, SEED_DEFAULT),
            "-max_total_time=" + seconds,
            "-max_len=" + INPUT_BYTES_MAX,
            "-timeout=20",
            "-rss_limit_mb=0",
            "-print_final_stats=1",
            found.resolve("corpus").toString(),
            corpus(target).toString());
    Files.createDirectories(found.resolve("corpus"));
    var process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      var ended = process.waitFor(seconds + START_MAX.toSeconds(), TimeUnit.SECONDS);
      assertThat(ended).as("%s ends, see %s", target.getSimpleName(), log).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue())
        .as("%s, see %s:\n%s", target.getSimpleName(), log, tail(log))
        .isZero();
    assertThat(Files.readString(log)).as("inputs were tried").contains("stat::number_of_executed");
  }

  private static String tail(Path log) throws IOException {
    var lines = Files.readAllLines(log);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
  }
}
