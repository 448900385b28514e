package io.bucketfs.app.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.app.Repository;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
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

  /** What is prepared for a start makes it shorter, and nothing else. */
  @Test
  void startsWithWhatIsPreparedAndWithoutIt() throws Exception {
    var home = copyOfTheProduct();
    var first = serve(home);
    var prepared = prepared(home);
    assertThat(prepared.resolve("gateway.aot")).isNotEmptyFile();
    assertThat(prepared.resolve("libraries/librocksdbjni.so")).isNotEmptyFile();
    assertThat(serve(home)).as("with it").isEqualTo(first);
    assertThat(prepared(home)).isEqualTo(prepared);
    Files.writeString(prepared.resolve("gateway.aot"), "not an archive");
    assertThat(serve(home)).as("with a broken one").isEqualTo(first);
    Files.delete(prepared.resolve("gateway.aot"));
    assertThat(serve(home)).as("without one").isEqualTo(first);
  }

  private static Path prepared(Path home) throws IOException {
    try (var all = Files.newDirectoryStream(home.resolve("gateway-app/target"), "prepared-*")) {
      var names = new ArrayList<Path>();
      all.forEach(names::add);
      assertThat(names).hasSize(1);
      return names.getFirst();
    }
  }

  /** A tree with a launcher and links to all jars, in which the launcher may prepare things. */
  private Path copyOfTheProduct() throws IOException {
    var home = directory.resolve("pro duct");
    for (var jars : List.of("gateway-app/target/lib", "s3-backend/target/embedded-s3-lib")) {
      var links = Files.createDirectories(home.resolve(jars));
      try (var all = Files.newDirectoryStream(Repository.path(jars))) {
        for (var jar : all) {
          Files.createSymbolicLink(links.resolve(jar.getFileName()), jar.toRealPath());
        }
      }
    }
    Files.createDirectories(home.resolve(".mvn"));
    for (var file : List.of("bucketfs", ".mvn/jdk25.sh")) {
      Files.copy(Repository.path(file), home.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
    }
    return home;
  }

  /** What a gateway says on its standard output until it is ready, without its ports. */
  private String serve(Path home) throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(
                home.resolve("bucketfs").toString(),
                "serve",
                "--state",
                directory.resolve("state").toString(),
                "--listen",
                "127.0.0.1",
                "--port",
                "" + freePort(),
                "--admin-port",
                "" + freePort())
            .redirectError(directory.resolve("log").toFile());
    builder.environment().put("BUCKETFS_BUILD", "never");
    var process = builder.start();
    try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
      var said = new StringBuilder();
      var line = lines.readLine();
      while (line != null && !line.equals("ready")) {
        said.append(line.replaceAll("[0-9]+", "N")).append('\n');
        line = lines.readLine();
      }
      assertThat(line).as("the gateway is ready").isEqualTo("ready");
      return said.toString();
    } finally {
      process.destroy();
      process.waitFor();
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
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
