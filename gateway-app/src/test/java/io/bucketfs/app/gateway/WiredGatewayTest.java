package io.bucketfs.app.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.app.metrics.MetricCatalog;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The product as it is wired, without a bucket. */
final class WiredGatewayTest {
  private static final Pattern FAMILY = Pattern.compile("(?m)^# TYPE (bucketfs_[a-z0-9_]+) ");

  @TempDir Path directory;

  @Test
  void startsStopsAndStartsAgainWithDocumentedFiguresOnly() throws Exception {
    var config = config();
    try (var process = GatewayProcess.start(config, "1")) {
      assertThat(process.administration().mounts()).isEmpty();
    }
    try (var process = GatewayProcess.start(config, "1")) {
      assertThat(process.administration().status().diskBytesMax()).isPositive();
      var documented =
          MetricCatalog.ALL.stream()
              .flatMap(m -> List.of(m.family(), m.family() + "_max").stream())
              .toList();
      assertThat(families(config.adminPort()))
          .contains("bucketfs_nfs_requests_total", "bucketfs_metadata_commit_seconds")
          .isSubsetOf(documented);
    }
  }

  private static List<String> families(int port) throws IOException, InterruptedException {
    try (var client = HttpClient.newHttpClient()) {
      var uri = URI.create("http://127.0.0.1:" + port + "/metrics");
      var scrape = client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body();
      return FAMILY.matcher(scrape).results().map(r -> r.group(1)).toList();
    }
  }

  private GatewayConfig config() throws IOException {
    return new GatewayConfig(
        directory.resolve("state"),
        "127.0.0.1",
        freePort(),
        freePort(),
        GatewayConfig.MEMORY_BYTES_MIN,
        OptionalLong.of(GatewayConfig.CACHE_SIZE_BYTES_MIN),
        GatewayConfig.DEFAULT_FREE_SPACE_BYTES,
        GatewayConfig.DEFAULT_LEASE,
        List.of(),
        null);
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
