package io.bucketfs.app.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.app.Repository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher on what this build packaged. */
final class LauncherIT {
  @TempDir Path directory;

  @Test
  void runsFromAnyDirectoryAndThroughALink() throws Exception {
    var link = Files.createSymbolicLink(directory.resolve("bfs"), Repository.path("bucketfs"));
    var result = run(Map.of(), link.toString(), "--help");
    assertThat(result.out()).contains("Usage: bucketfs");
    assertThat(result.code()).isZero();
  }

  @Test
  void passesOnExitCodesAndMistakesOfServe() throws Exception {
    var result = run(Map.of(), launcher(), "serve", "--port", "http");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).contains("--port must be a port from 1 to 65535");
    assertThat(run(Map.of(), launcher(), "serve", "--help").out()).contains("--cache-size");
  }

  @Test
  void findsAJdkWhateverJavaIs() throws Exception {
    var result = run(Map.of("JAVA_HOME", "/no/jdk"), launcher(), "version");
    assertThat(result.out()).contains("(Java 25");
  }

  private record Result(int code, String out) {}

  private static String launcher() {
    return Repository.path("bucketfs").toString();
  }

  private Result run(Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(List.of(command))
            .directory(directory.toFile())
            .redirectErrorStream(true);
    builder.environment().putAll(environment);
    // This build has packaged it; the launcher must not start another one inside of it.
    builder.environment().put("BUCKETFS_BUILD", "never");
    var process = builder.start();
    process.getOutputStream().close();
    var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), out);
  }
}
