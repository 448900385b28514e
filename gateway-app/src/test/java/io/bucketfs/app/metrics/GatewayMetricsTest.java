package io.bucketfs.app.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.app.FakeAdministration;
import io.bucketfs.app.Repository;
import io.bucketfs.app.config.MountSettings;
import io.bucketfs.app.config.Problems;
import io.bucketfs.app.metrics.MetricCatalog.Kind;
import io.bucketfs.app.metrics.MetricCatalog.Metric;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The names that Prometheus sees, and what is made from them. */
final class GatewayMetricsTest {
  private static final Pattern SERIES = Pattern.compile("(?m)^([a-z_][a-z0-9_]*)[{ ]");

  /** Names of ours and of the JVM in a dashboard or rule. */
  private static final Pattern USED = Pattern.compile("\\b((?:bucketfs|jvm|process)_[a-z0-9_]+)");

  private final AtomicLong nanos = new AtomicLong();
  private final FakeAdministration core = new FakeAdministration();
  private final GatewayMetrics metrics = new GatewayMetrics("1.2", nanos::get);

  @BeforeEach
  void wire() throws Exception {
    core.createMount(
        MountSettings.read(
                Map.of("bucket", "data", "region", "us-east-1"), key -> key, new Problems())
            .orElseThrow());
    core.withDirty("data", "/a", 1000, null).withDirty("data", "/b", 500, "AccessDenied");
    metrics.observe(core, () -> 3);
  }

  @AfterEach
  void close() {
    metrics.close();
  }

  @Test
  void showsWhatTheAdministrationKnows() {
    assertThat(metrics.scrape())
        .contains(
            "bucketfs_dirty_bytes{mount=\"data\"} 1500",
            "bucketfs_dirty_files{mount=\"data\"} 2",
            "bucketfs_oldest_dirty_seconds{mount=\"data\"} 90",
            "bucketfs_failing_files{mount=\"data\"} 1",
            "bucketfs_conflict_files{mount=\"data\"} 1",
            "bucketfs_unmapped_keys{mount=\"data\"} 2",
            "bucketfs_disk_bytes 5.36870912E9",
            "bucketfs_mounts 1",
            "bucketfs_mounts_pending 3",
            "bucketfs_build{version=\"1.2\"} 1");
  }

  @Test
  void dropsAMountThatIsGone() throws Exception {
    metrics.scrape();
    core.deleteMount("data", true);
    nanos.addAndGet(2_000_000_000);
    assertThat(metrics.scrape()).doesNotContain("mount=\"data\"").contains("bucketfs_mounts 0");
  }

  @Test
  void asksAtMostOnceASecond() {
    metrics.scrape();
    nanos.addAndGet(999_000_000);
    metrics.scrape();
    assertThat(core.statusCalls()).isEqualTo(1);
    nanos.addAndGet(2_000_000);
    metrics.scrape();
    assertThat(core.statusCalls()).isEqualTo(2);
  }

  @Test
  void countsAndTimes() {
    var counter = metrics.meters().counter("cache_read_bytes", "tier", "ram");
    counter.add(40);
    counter.add(2);
    metrics.meters().timer("extent_sync").record(3_000_000);
    assertThat(metrics.scrape())
        .contains(
            "bucketfs_cache_read_bytes_total{tier=\"ram\"} 42",
            "bucketfs_extent_sync_seconds_count 1",
            "bucketfs_extent_sync_seconds_bucket{le=\"0.001\"} 0",
            "bucketfs_extent_sync_seconds_bucket{le=\"0.005\"} 1",
            "# HELP bucketfs_extent_sync_seconds Time of one fsync of an extent file.");
  }

  @Test
  void namesEveryMetricAsTheCatalogueDoes() {
    assertThat(wiredNames()).containsAll(catalogueNames());
  }

  @Test
  void catalogueHasEveryMetricOfTheRegistry() {
    assertThat(catalogueNames())
        .containsAll(wiredNames().stream().filter(n -> n.startsWith("bucketfs_")).toList());
  }

  @Test
  void documentListsTheCatalogue() throws IOException {
    var rows =
        Pattern.compile(
                "(?m)^\\| `(bucketfs_[a-z0-9_]+)` \\| (counter|histogram|gauge) \\|([^|]*)\\|")
            .matcher(Repository.read("docs/metrics.md"))
            .results()
            .map(r -> r.group(1) + " " + r.group(2) + r.group(3).stripTrailing())
            .toList();
    assertThat(rows)
        .containsExactlyElementsOf(
            MetricCatalog.ALL.stream().map(GatewayMetricsTest::row).toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"deploy/grafana/bucketfs.json", "deploy/prometheus/rules.yml"})
  void dashboardAndRulesUseOnlyNamesThatExist(String file) throws IOException {
    var used =
        USED.matcher(Repository.read(file)).results().map(r -> r.group(1)).distinct().toList();
    assertThat(used).isNotEmpty();
    assertThat(wiredNames()).containsAll(used);
  }

  private static String row(Metric metric) {
    var kind =
        switch (metric.kind()) {
          case COUNTER -> "counter";
          case TIMER -> "histogram";
          case GAUGE -> "gauge";
        };
    var tags = metric.tags().stream().map(t -> "`" + t + "`").collect(Collectors.joining(", "));
    return metric.family() + " " + kind + (tags.isEmpty() ? "" : " " + tags);
  }

  private static List<String> catalogueNames() {
    return MetricCatalog.ALL.stream().flatMap(m -> m.series().stream()).toList();
  }

  /** The names of all series once the modules have used every counter and timer once. */
  private Set<String> wiredNames() {
    for (var metric : MetricCatalog.ALL) {
      var tags =
          metric.tags().stream().flatMap(t -> List.of(t, "x").stream()).toArray(String[]::new);
      if (metric.kind() == Kind.COUNTER) {
        metrics.meters().counter(metric.name(), tags).add(1);
      } else if (metric.kind() == Kind.TIMER) {
        metrics.meters().timer(metric.name(), tags).record(1);
      }
    }
    // Those that the other modules register, since the gauges of this one are there already.
    for (var name :
        List.of(
            "nfs_connections",
            "nfs_buffered_bytes",
            "nfs_sessions",
            "nfs_open_files",
            "nfs_states",
            "nfs_state_bytes",
            "nfs_reply_cache_bytes",
            "cache_ram_bytes",
            "cache_disk_bytes",
            "cache_spare_bytes",
            "metadata_disk_bytes")) {
      metrics.meters().gauge(name, () -> 1);
    }
    return SERIES
        .matcher(metrics.scrape())
        .results()
        .map(r -> r.group(1))
        .collect(Collectors.toSet());
  }
}
