package io.bucketfs.bench.nfs;

import io.bucketfs.core.object.PatternBytes;
import io.bucketfs.nfs.TestOps;
import io.bucketfs.nfs.op.OperationCode;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.http.crt.AwsCrtAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * Reads objects that no cache has from end to end, through a gateway and by a bare loop of ranged
 * GETs, in turns:
 *
 * <pre>
 * ColdRead NAME=HOST:PORT/EXPORT ENDPOINT BUCKET MEBIBYTES KEY KEY [KEY KEY...]
 * </pre>
 *
 * <p>The gateway reads the first key of each pair, the loop the second. Every byte that comes
 * through the gateway is compared.
 */
public final class ColdRead {
  private static final int RANGE = 8 << 20;

  /** Ranges of the loop, and requests to the gateway, that are under way. */
  private static final int DEPTH = 8;

  private final Target target;
  private final String bucket;
  private final long bytes;

  private ColdRead(Target target, String bucket, long bytes) {
    this.target = target;
    this.bucket = bucket;
    this.bytes = bytes;
  }

  public static void main(String... arguments) throws Exception {
    var run =
        new ColdRead(Target.parse(arguments[0]), arguments[2], Long.parseLong(arguments[3]) << 20);
    try (var client = new StreamClient(run.target, "cold", DEPTH);
        var http = AwsCrtAsyncHttpClient.builder().maxConcurrency(DEPTH).build();
        var store =
            S3AsyncClient.builder()
                .httpClient(http)
                .endpointOverride(URI.create(arguments[1]))
                .forcePathStyle(true)
                .region(Region.US_EAST_1)
                .credentialsProvider(AnonymousCredentialsProvider.create())
                .build()) {
      for (var i = 4; i + 1 < arguments.length; i += 2) {
        var key = arguments[i];
        var other = arguments[i + 1];
        var gateway = run.timed("gateway", () -> run.throughGateway(client, key));
        var loop = run.timed("SDK loop", () -> run.throughLoop(store, other));
        System.out.printf(Locale.ROOT, "gateway / SDK loop: %.2f%n", loop / gateway);
      }
    }
  }

  /** What is timed. */
  @FunctionalInterface
  private interface Work {
    void run() throws Exception;
  }

  private double timed(String what, Work work) throws Exception {
    var begin = System.nanoTime();
    work.run();
    var seconds = (double) (System.nanoTime() - begin) / TimeUnit.SECONDS.toNanos(1);
    System.out.printf(Locale.ROOT, "%s: %.1f s, %.0f MB/s%n", what, seconds, bytes / seconds / 1e6);
    return seconds;
  }

  private void throughGateway(StreamClient client, String key) throws Exception {
    var open = client.open(key, TestOps.NO_CREATE);
    client.pipelined(
        bytes,
        (slot, at) ->
            slot.async(
                TestOps.putFh(open.handle()), TestOps.read(open.stateId(), at, StreamClient.CHUNK)),
        (at, reply) -> {
          var body = reply.ok(OperationCode.PUTFH).ok(OperationCode.READ).body();
          body.skipBytes(4);
          var got = new byte[body.readInt()];
          body.readBytes(got);
          if (!Arrays.equals(got, PatternBytes.of(key.hashCode(), at, StreamClient.CHUNK))) {
            throw new AssertionError(key + " is wrong at " + at);
          }
        });
    client.close(open);
  }

  private void throughLoop(S3AsyncClient store, String key) {
    var running = new ArrayDeque<CompletableFuture<ResponseBytes<GetObjectResponse>>>();
    for (var at = 0L; at < bytes || !running.isEmpty(); ) {
      if (at < bytes && running.size() < DEPTH) {
        var request =
            GetObjectRequest.builder()
                .bucket(bucket)
                .key(key)
                .range("bytes=%d-%d".formatted(at, Math.min(bytes, at + RANGE) - 1))
                .build();
        running.add(store.getObject(request, AsyncResponseTransformer.toBytes()));
        at += RANGE;
      } else {
        var _ = running.remove().join();
      }
    }
  }
}
