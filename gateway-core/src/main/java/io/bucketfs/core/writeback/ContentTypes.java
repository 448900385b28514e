package io.bucketfs.core.writeback;

import static java.util.Map.entry;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What browsers and other readers of the bucket are told of a file that says nothing itself. */
final class ContentTypes {
  private static final Map<String, String> BY_EXTENSION =
      Map.ofEntries(
          entry("css", "text/css"),
          entry("csv", "text/csv"),
          entry("gif", "image/gif"),
          entry("gz", "application/gzip"),
          entry("htm", "text/html"),
          entry("html", "text/html"),
          entry("jpeg", "image/jpeg"),
          entry("jpg", "image/jpeg"),
          entry("js", "text/javascript"),
          entry("json", "application/json"),
          entry("md", "text/markdown"),
          entry("mp3", "audio/mpeg"),
          entry("mp4", "video/mp4"),
          entry("parquet", "application/vnd.apache.parquet"),
          entry("pdf", "application/pdf"),
          entry("png", "image/png"),
          entry("svg", "image/svg+xml"),
          entry("tar", "application/x-tar"),
          entry("txt", "text/plain"),
          entry("wasm", "application/wasm"),
          entry("webp", "image/webp"),
          entry("xml", "application/xml"),
          entry("yaml", "application/yaml"),
          entry("yml", "application/yaml"),
          entry("zip", "application/zip"));

  private ContentTypes() {}

  /** The type that a path's extension stands for; null leaves it to the store. */
  static @Nullable String ofPath(String path) {
    var name = path.substring(path.lastIndexOf('/') + 1);
    var dot = name.lastIndexOf('.');
    return dot < 1 ? null : BY_EXTENSION.get(name.substring(dot + 1).toLowerCase(Locale.ROOT));
  }
}
