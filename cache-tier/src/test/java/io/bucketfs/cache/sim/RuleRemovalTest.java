package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The simulation fails where a rule of {@code docs/correctness.md} does not hold: each of these
 * takes one out of a copy of the source, compiles the copy, and lets the simulation run on it until
 * a seed fails. A removal that does not fit the source any more fails too.
 *
 * <p>The seed that fails is printed. Those that need many seeds run with {@code
 * -Dsimulation.removal.all=true} only.
 */
@SuppressWarnings("NullAway.Init") // JUnit sets the directory
@Timeout(300)
class RuleRemovalTest {
  private static final boolean ALL = Boolean.getBoolean("simulation.removal.all");
  private static final int SEEDS = Integer.getInteger("simulation.removal.seeds", 1_000);
  private static final String CORE = "../gateway-core/src/main/java/io/bucketfs/core/";
  private static final String TIER = "src/main/java/io/bucketfs/cache/";

  @TempDir private Path compiled;

  /** How many seeds it takes. */
  private enum Noticed {
    SOON,
    LATE
  }

  /** What is taken out. */
  enum Removal {
    RULE_1_THE_BASE_SHRINKS_WITH_A_TRUNCATE(
        Noticed.SOON,
        CORE + "store/Content.java",
        "base == null ? null : base.withLength(size),",
        "base,"),
    RULE_1_A_FILL_LIES_UNDER_EVERY_WRITE(
        Noticed.SOON,
        CORE + "content/ExtentOverlay.java",
        "var stays = laid.isFill() || there.sequence() > laid.sequence();",
        "var stays = !laid.isFill() && there.sequence() > laid.sequence();"),
    RULE_1_THE_BASE_IS_NO_LONGER_THAN_THE_FILE_WAS(
        Noticed.SOON,
        CORE + "store/Content.java",
        "var length = Math.min(snapshotSize, exportFloor);",
        "var length = snapshotSize;"),
    RULE_2_A_WRITE_GOES_ONLY_FOR_A_NEWER_ONE(
        Noticed.SOON,
        CORE + "content/FileContent.java",
        "|| extent.sequence() > over.sequence()",
        "|| extent.sequence() < 0"),
    RULE_2_A_COMMIT_WAITS_FOR_WRITES_THAT_ARE_HALF_WAY_THROUGH(
        Noticed.SOON,
        CORE + "content/Contents.java",
        "take(file.gate.writeLock(), patience);\n      try {\n        capture = file.capture();\n      }"
            + " finally {\n        file.gate.writeLock()",
        "take(file.gate.readLock(), patience);\n      try {\n        capture = file.capture();\n      }"
            + " finally {\n        file.gate.readLock()"),
    RULE_2_A_TRUNCATE_COMMITS_WHAT_WAS_WRITTEN_BEFORE(
        Noticed.SOON,
        CORE + "content/ExclusiveUse.java",
        "if (capture != null) {",
        "if (capture != null && files.size() > 2) {"),
    RULE_2_THE_LOG_IS_REPLAYED(
        Noticed.SOON,
        CORE + "content/Contents.java",
        "if (restored || !unsyncedMayBeLost) {",
        "if (epoch == null) {"),
    RULE_2_ONLY_WHAT_IS_NEWER_IS_REPLAYED(
        Noticed.LATE,
        CORE + "content/Replay.java",
        "if (write.sequence() > content.sequence()) {",
        "if (write.sequence() > 0) {"),
    RULE_2_THE_LOG_IS_KEPT_FROM_THE_FIRST_WRITE_THAT_IS_NOT_COMMITTED(
        Noticed.LATE,
        CORE + "content/LogFloor.java",
        "return first == null || first.tail.compareTo(end) > 0 ? end : first.tail;",
        "return first == null ? end : end;"),
    RULE_4_WHO_MAPS_A_RECORD_KEEPS_ITS_FILE(
        Noticed.SOON,
        CORE + "content/Evictor.java",
        "if (References.of(cache.store(), file.file(), 1).isEmpty()) {",
        "if (References.of(cache.store(), file.file(), 9).size() < 5) {"),
    RULE_4_A_COPY_DEPENDS_ON_NO_FETCHED_BYTES_THAT_ARE_NOT_SYNCED(
        Noticed.SOON,
        CORE + "content/Sharing.java",
        "piece.isFill() && !progress.synced",
        "piece.isFill() && progress.done < 0 && !progress.synced"),
    RULE_5_A_COMMIT_SYNCS_ITS_EXTENT_FILES(
        Noticed.SOON,
        CORE + "content/Contents.java",
        "extents.sync(records(capture));",
        "extents.sync(records(capture).subList(0, 0));"),
    RULE_5_THE_DIRECTORY_IS_SYNCED_FOR_A_NEW_FILE(
        Noticed.SOON, TIER + "extent/Catalog.java", "disk.syncDirectory();", "disk.usableBytes();"),
    RULE_5_THE_COPY_OF_A_SMALL_WRITE_RIDES_IN_THE_BATCH(
        Noticed.LATE,
        CORE + "content/RedoLog.java",
        "tx.put(Family.REDO, key(record), value.toBytes());",
        "value.toBytes();"),
    RULE_5_THE_COPY_STAYS_UNTIL_THE_EXTENT_FILE_IS_SYNCED(
        Noticed.SOON,
        CORE + "content/RedoLog.java",
        "if (!isDurable(records)) {\n      for",
        "if (records.isEmpty()) {\n      for"),
    RULE_10_AN_ANSWER_WAITS_FOR_THE_SYNC_OF_ITS_BATCH(
        Noticed.SOON,
        CORE + "store/Committer.java",
        "store.write(changes, sync);",
        "store.write(changes, false);"),
    RULE_13_OWN_WRITES_ARE_RECOGNISED(
        Noticed.SOON,
        CORE + "writeback/BucketWrites.java",
        "if (token.equals(job.token())) {",
        "if (token.isEmpty()) {"),
    RULE_13_WHAT_A_KILLED_PROCESS_PUT_IS_READ(
        Noticed.SOON,
        CORE + "writeback/LeftWrites.java",
        "? job.copied() || isAsSent(mount, key, version, job)",
        "? true"),
    RULE_15_AN_UPLOAD_IS_OF_ONE_SNAPSHOT(
        Noticed.LATE,
        CORE + "store/StoredUpload.java",
        "&& job.contentSequence() == other.contentSequence()",
        "&& job.contentSequence() <= other.contentSequence()"),
    RULE_15_A_FILE_IS_CLEAN_ONLY_IF_IT_DID_NOT_CHANGE_SINCE(
        Noticed.SOON,
        CORE + "writeback/InodePlan.java",
        "return agrees(inode, state) ? clean(key) : advanced(inode);",
        "return agrees(inode, state) || pinned != null ? clean(key) : advanced(inode);");

    private final Noticed noticed;
    private final String file;
    private final String rule;
    private final String without;

    Removal(Noticed noticed, String file, String rule, String without) {
      this.noticed = noticed;
      this.file = file;
      this.rule = rule;
      this.without = without;
    }
  }

  static Stream<Removal> removals() {
    return Stream.of(Removal.values()).filter(removal -> ALL || removal.noticed == Noticed.SOON);
  }

  @ParameterizedTest
  @MethodSource("removals")
  void isNoticed(Removal removal) throws Exception {
    compile(removal);
    var live =
        new Patched(compiled)
            .loadClass(CrashSimulationTest.class.getName())
            .getDeclaredMethod("live", long.class);
    live.setAccessible(true);
    for (var seed = 1L; seed <= SEEDS; seed++) {
      try {
        live.invoke(null, seed);
      } catch (InvocationTargetException e) {
        var failure = Objects.requireNonNull(e.getCause());
        assertThat(failure).isNotInstanceOf(LinkageError.class);
        System.out.println(removal + ": seed " + seed + ": " + firstLine(failure));
        return;
      }
    }
    throw new AssertionError(removal + " is not noticed in " + SEEDS + " seeds");
  }

  private static String firstLine(Throwable failure) {
    var text = String.valueOf(failure.getMessage()).strip();
    return failure.getClass().getSimpleName() + ": " + text.lines().findFirst().orElse("");
  }

  private void compile(Removal removal) throws IOException {
    var source = Files.readString(Path.of(removal.file));
    var at = source.indexOf(removal.rule);
    assertThat(at).as("%s is in the source", removal.rule).isNotNegative();
    assertThat(source.indexOf(removal.rule, at + 1))
        .as("%s is there once", removal.rule)
        .isNegative();
    var changed = source.replace(removal.rule, removal.without);
    var file = compiled.resolve("source").resolve(Path.of(removal.file).getFileName());
    Files.createDirectories(file.getParent());
    Files.writeString(file, changed);
    var compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
    var said = new StringWriter();
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      var done =
          compiler
              .getTask(
                  said,
                  files,
                  null,
                  List.of(
                      "-proc:none",
                      "-nowarn",
                      "-d",
                      compiled.toString(),
                      "-cp",
                      System.getProperty("java.class.path")),
                  null,
                  files.getJavaFileObjects(file))
              .call();
      assertThat(done).as(said.toString()).isTrue();
    }
  }

  /** Loads all of bucketfs anew, the compiled copy in the place of its original. */
  private static final class Patched extends ClassLoader {
    private final Path compiled;

    Patched(Path compiled) {
      super(RuleRemovalTest.class.getClassLoader());
      this.compiled = compiled;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("io.bucketfs.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        var loaded = findLoadedClass(name);
        return loaded != null ? loaded : define(name);
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      var path = name.replace('.', '/') + ".class";
      var patched = compiled.resolve(path);
      try (InputStream in =
          Files.exists(patched)
              ? Files.newInputStream(patched)
              : getParent().getResourceAsStream(path)) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        var bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }
}
