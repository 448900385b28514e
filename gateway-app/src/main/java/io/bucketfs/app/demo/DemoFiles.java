package io.bucketfs.app.demo;

import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStore.PutRequest;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;

/** The files that the demo's bucket begins with, put there as any S3 client would. */
final class DemoFiles {
  private static final String SCRIPT_MODE = "0100755";

  /** A key, which is also the name of a resource, and whether it is a program. */
  private record DemoFile(String key, String contentType, boolean executable) {
    Map<String, String> metadata() {
      return executable ? Map.of("file-permissions", SCRIPT_MODE) : Map.of();
    }
  }

  private static final List<DemoFile> FILES =
      List.of(
          new DemoFile("README.txt", "text/plain", false),
          new DemoFile("data/planets.csv", "text/csv", false),
          new DemoFile("pictures/bucket.svg", "image/svg+xml", false),
          new DemoFile("scripts/count-lines.sh", "text/x-shellscript", true));

  private DemoFiles() {}

  static void put(ObjectStore bucket) throws IOException, InterruptedException {
    for (var file : FILES) {
      var request = new PutRequest(file.key(), Condition.NONE, file.metadata(), file.contentType());
      try {
        bucket.put(request, BodySource.ofBytes(read(file.key()))).toCompletableFuture().get();
      } catch (ExecutionException e) {
        throw new IOException("The demo's bucket could not be filled: " + e.getMessage(), e);
      }
    }
  }

  private static byte[] read(String key) throws IOException {
    try (var stream = DemoFiles.class.getResourceAsStream("/io/bucketfs/app/demo/" + key)) {
      if (stream == null) {
        throw new FileNotFoundException(key);
      }
      return stream.readAllBytes();
    }
  }
}
