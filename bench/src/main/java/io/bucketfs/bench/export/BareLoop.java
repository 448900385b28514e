package io.bucketfs.bench.export;

import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.MultipartStore.CompleteRequest;
import io.bucketfs.core.object.MultipartStore.Part;
import io.bucketfs.core.object.MultipartStore.UploadRequest;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStore.CopyRequest;
import io.bucketfs.core.object.ObjectStore.ListRequest;
import io.bucketfs.core.object.ObjectStore.PutRequest;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.object.PatternBytes;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.http.crt.AwsCrtAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * The same requests as a gateway's, from a loop that does nothing else. What only asks is sent by a
 * client of the SDK as it comes; what writes goes through the gateway's own way to S3, so that
 * bodies are signed and checked alike.
 */
final class BareLoop implements AutoCloseable {
  private static final int PART_BYTES = 16 << 20;
  private static final int PAGE = 1_000;

  /** As the gateway's. */
  private static final int CONNECTIONS_MAX = 256;

  private final ObjectStore store;
  private final S3AsyncClient sdk;
  private final String bucket;

  /**
   * @param store of the same bucket
   */
  BareLoop(ObjectStore store, BucketLocation location) {
    this.store = store;
    bucket = location.bucket();
    sdk =
        S3AsyncClient.builder()
            .httpClientBuilder(AwsCrtAsyncHttpClient.builder().maxConcurrency(CONNECTIONS_MAX))
            .region(Region.of(location.region()))
            .endpointOverride(URI.create(Objects.requireNonNull(location.endpoint())))
            .forcePathStyle(location.pathStyle())
            .build();
  }

  @Override
  public void close() {
    sdk.close();
  }

  /** PUTs of small objects whose content a seed makes. */
  void put(String prefix, int count, int bytes, int concurrency) throws Exception {
    inParallel(count, concurrency, i -> join(store.put(request(prefix + i), body(i, 0, bytes))));
  }

  private static PutRequest request(String key) {
    return new PutRequest(key, Condition.ABSENT, Map.of(), null);
  }

  static BodySource body(long seed, long offset, int bytes) {
    return BodySource.ofBytes(PatternBytes.of(seed, offset, bytes));
  }

  /** One object in parts. */
  void upload(String key, long seed, long bytes, int concurrency) throws Exception {
    var id = join(store.createUpload(new UploadRequest(key, Map.of(), null)));
    var parts =
        this.<Part>inParallel(
            (int) (bytes / PART_BYTES),
            concurrency,
            i ->
                join(
                    store.uploadPart(
                        key, id, i + 1, body(seed, (long) i * PART_BYTES, PART_BYTES))));
    parts.sort(Comparator.comparingInt(Part::number));
    join(store.completeUpload(new CompleteRequest(key, id, Condition.ABSENT, parts)));
  }

  /** Copies and deletes, as a rename takes them. */
  void move(String from, String to, int count, int concurrency) throws Exception {
    var versions = versions(from, count);
    inParallel(
        count,
        concurrency,
        i -> {
          var version = versions.get(i);
          join(
              store.copy(
                  new CopyRequest(from + i, version, to + i, Condition.ABSENT, Map.of(), null)));
          store.delete(from + i, Condition.matches(version)).toCompletableFuture().get();
          return version;
        });
  }

  private List<ObjectVersion> versions(String prefix, int count) throws Exception {
    var versions = new ArrayList<ObjectVersion>();
    for (var i = 0; i < count; i++) {
      versions.add(new ObjectVersion("", 0, null, null));
    }
    String continuation = null;
    do {
      var page = join(store.list(new ListRequest(prefix, null, continuation, PAGE)));
      for (var entry : page.entries()) {
        var number = Integer.parseInt(entry.key().substring(prefix.length()));
        if (number < count) {
          versions.set(number, entry.version());
        }
      }
      continuation = page.continuation();
    } while (continuation != null);
    return versions;
  }

  /** One LIST, and a HEAD of each object. */
  void look(String prefix, int concurrency) throws Exception {
    var objects = list(prefix);
    inParallel(
        objects.size(),
        concurrency,
        i -> join(sdk.headObject(r -> r.bucket(bucket).key(objects.get(i).key()))));
  }

  /** One LIST, and a GET of each object, whose range is the whole of it as in a gateway's. */
  void read(String prefix, int concurrency) throws Exception {
    var objects = list(prefix);
    inParallel(
        objects.size(),
        concurrency,
        i -> {
          var object = objects.get(i);
          var range = "bytes=0-" + (object.size() - 1);
          return join(
              sdk.getObject(
                  r -> r.bucket(bucket).key(object.key()).range(range),
                  AsyncResponseTransformer.toBytes()));
        });
  }

  private List<S3Object> list(String prefix) throws InterruptedException, ExecutionException {
    return join(sdk.listObjectsV2(r -> r.bucket(bucket).prefix(prefix).delimiter("/"))).contents();
  }

  /** Does one thing of many. */
  @FunctionalInterface
  private interface Turn<T> {
    T run(int number) throws Exception;
  }

  private <T> List<T> inParallel(int count, int concurrency, Turn<T> turn) throws Exception {
    var permits = new Semaphore(concurrency);
    var tasks = new ArrayList<Callable<T>>();
    for (var i = 0; i < count; i++) {
      var number = i;
      tasks.add(() -> {
        permits.acquire();
        try {
          return turn.run(number);
        } finally {
          permits.release();
        }
      });
    }
    var results = new ArrayList<T>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var done : threads.invokeAll(tasks)) {
        results.add(done.get());
      }
    }
    return results;
  }

  private static <T> T join(CompletionStage<T> stage)
      throws InterruptedException, ExecutionException {
    return stage.toCompletableFuture().get();
  }
}
