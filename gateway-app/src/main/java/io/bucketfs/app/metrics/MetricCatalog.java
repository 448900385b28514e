package io.bucketfs.app.metrics;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Every metric of the product: names are API. {@code docs/metrics.md} lists the same. */
public final class MetricCatalog {
  /** What kind of series a name stands for. */
  public enum Kind {
    COUNTER,
    TIMER,
    GAUGE
  }

  /**
   * A metric.
   *
   * @param name as the modules know it, without prefix and suffix
   * @param tags names of its labels
   * @param help one sentence
   */
  public record Metric(String name, Kind kind, List<String> tags, String help) {
    /** The family name that Prometheus sees. */
    public String family() {
      return switch (kind) {
        case COUNTER -> MicrometerMeters.PREFIX + name + "_total";
        case TIMER -> MicrometerMeters.PREFIX + name + "_seconds";
        case GAUGE -> MicrometerMeters.PREFIX + name;
      };
    }

    /** The names of its series. */
    public List<String> series() {
      return kind == Kind.TIMER
          ? List.of(family() + "_bucket", family() + "_count", family() + "_sum", family() + "_max")
          : List.of(family());
    }
  }

  /** All of them, by feature. */
  public static final List<Metric> ALL =
      List.of(
          counter("nfs_requests", "NFS operations by their result.", "op", "status"),
          timer("nfs_request", "Time of NFS operations.", "op"),
          counter("nfs_read_bytes", "File bytes sent to clients."),
          counter("nfs_written_bytes", "File bytes received from clients."),
          counter(
              "nfs_hand_offs", "Compounds that waited for disk or S3 on a thread of their own."),
          gauge("nfs_connections", "Open client connections."),
          counter(
              "nfs_connections_cut",
              "Connections closed because they were idle, stuck or too many."),
          gauge("nfs_buffered_bytes", "Requests and unsent replies of all connections."),
          gauge("nfs_sessions", "NFS sessions of clients."),
          gauge("nfs_open_files", "Files that clients hold open."),
          gauge("nfs_states", "Opens and lock owners, those included that were revoked."),
          gauge("nfs_state_bytes", "Heap for clients, sessions, opens and locks, about."),
          counter(
              "nfs_state_refusals",
              "Requests for more of them than an address may have; told to come again."),
          gauge("nfs_reply_cache_bytes", "Taken by slots and the replies they keep for retries."),
          counter("cache_read_bytes", "Bytes read by where they were: ram, disk or s3.", "tier"),
          counter("cache_evicted_bytes", "Clean bytes dropped from the local disk."),
          counter(
              "cache_expired_bytes",
              "Clean bytes dropped since nobody used them for as long as their mount says."),
          counter(
              "cache_second_chance_bytes",
              "Clean bytes kept when their extent file went, since they are used more often than what"
                  + " was dropped of late, or are pinned."),
          counter("cache_held_writes", "Writes held until their mount had less that is dirty."),
          gauge("cache_ram_bytes", "File data in the RAM tier."),
          gauge("cache_disk_bytes", "Extent files on the local disk."),
          gauge("cache_spare_bytes", "Of these, deleted ones that wait to be written over."),
          gauge("metadata_disk_bytes", "Metadata on the local disk."),
          gauge("disk_bytes", "What the local tier occupies."),
          gauge("disk_bytes_max", "What the local tier may occupy."),
          timer("extent_sync", "Time of one fsync of an extent file."),
          timer("metadata_commit", "Time of one metadata commit, its fsync included."),
          gauge("dirty_bytes", "Bytes that are not yet in S3.", "mount"),
          gauge("dirty_files", "Files, directories and deletions not yet in S3.", "mount"),
          gauge("oldest_dirty_seconds", "Age of the oldest entry not yet in S3.", "mount"),
          gauge("failing_files", "Entries that S3 refuses until somebody acts.", "mount"),
          gauge("conflict_files", "Local versions kept in lost+found.", "mount"),
          gauge("unmapped_keys", "Keys that cannot be shown as files.", "mount"),
          counter("conflicts", "Conflicts with changes by others, since the start."),
          counter("lost_and_found_removed", "Files removed from lost+found for age or size."),
          counter("other_gateway_objects", "Objects met that another gateway wrote meanwhile."),
          counter("import_listed_keys", "Keys that were listed."),
          counter("import_revalidations", "Directories and files compared with the bucket again."),
          counter("import_revalidation_failures", "Comparisons that failed; tried again later."),
          counter("import_changes", "Changes of others that were taken over, in names.", "kind"),
          counter("import_events", "Events of stores by what became of them.", "outcome"),
          counter("import_retries", "S3 requests of the import that were repeated."),
          counter("writeback_exports", "Files and deletions written back to S3."),
          counter("writeback_retries", "Write-backs that were tried again."),
          counter("writeback_failures", "Write-backs that S3 refused until somebody acts."),
          counter(
              "writeback_limited_bytes",
              "Bytes that waited for a bandwidth before they went to S3."),
          counter("writeback_lost_replies", "Own writes recognised whose reply was lost."),
          counter(
              "writeback_uploads_aborted",
              "Multipart uploads of ours that were thrown away unfinished."),
          counter("s3_requests", "S3 requests by their outcome.", "bucket", "operation", "outcome"),
          timer("s3_request", "Time of S3 requests.", "operation"),
          counter(
              "s3_held_requests",
              "S3 requests that waited since the store was overloaded or did not answer.",
              "bucket"),
          counter("s3_received_bytes", "Object bytes received from S3.", "bucket"),
          counter("s3_sent_bytes", "Object bytes sent to S3.", "bucket"),
          counter("task_failures", "Background tasks that ended by an unexpected failure."),
          gauge("mounts", "Mounts that are served."),
          gauge("mounts_pending", "Mounts of the configuration file that are not served."),
          gauge("start_time_seconds", "When the gateway started, in Unix time."),
          gauge("build", "Always 1; the label names the version.", "version"));

  private static final Map<String, Metric> BY_NAME =
      ALL.stream().collect(Collectors.toUnmodifiableMap(Metric::name, Function.identity()));

  private MetricCatalog() {}

  /** The help text of a name; empty for one that is not in the list. */
  static String help(String name) {
    var metric = BY_NAME.get(name);
    return metric == null ? "" : metric.help();
  }

  private static Metric counter(String name, String help, String... tags) {
    return new Metric(name, Kind.COUNTER, List.of(tags), help);
  }

  private static Metric timer(String name, String help, String... tags) {
    return new Metric(name, Kind.TIMER, List.of(tags), help);
  }

  private static Metric gauge(String name, String help, String... tags) {
    return new Metric(name, Kind.GAUGE, List.of(tags), help);
  }
}
