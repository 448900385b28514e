package io.bucketfs.s3;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.endpoints.Endpoint;
import software.amazon.awssdk.services.s3.endpoints.S3EndpointParams;
import software.amazon.awssdk.services.s3.endpoints.S3EndpointProvider;

/**
 * Where the requests of one client go, found out once by the SDK's rules and then kept. The SDK
 * runs its rules twice for each request, for its address and for how it is signed: a sixth of the
 * processor time of a HEAD, although key and operation change neither.
 *
 * <p>For one client only, since what its requests have in common is not part of the question.
 * Thread-safe.
 */
final class KnownEndpoints implements S3EndpointProvider {
  /** Of a mount there is one bucket, and there are few kinds of operations. */
  private static final int KEPT_MAX = 64;

  private final S3EndpointProvider rules;
  private final Map<Question, Endpoint> kept = new ConcurrentHashMap<>();

  KnownEndpoints(S3EndpointProvider rules) {
    this.rules = rules;
  }

  /** What the rules look at and the operations of one client differ in. */
  private record Question(
      @Nullable String bucket,
      @Nullable Boolean useS3ExpressControlEndpoint,
      @Nullable Boolean useObjectLambdaEndpoint,
      @Nullable Boolean disableAccessPoints) {}

  @Override
  public CompletableFuture<Endpoint> resolveEndpoint(S3EndpointParams parameters) {
    var question =
        new Question(
            parameters.bucket(),
            parameters.useS3ExpressControlEndpoint(),
            parameters.useObjectLambdaEndpoint(),
            parameters.disableAccessPoints());
    var known = kept.get(question);
    if (known != null) {
      return CompletableFuture.completedFuture(known);
    }
    var found = rules.resolveEndpoint(parameters);
    if (found.isDone() && !found.isCompletedExceptionally() && kept.size() < KEPT_MAX) {
      kept.put(question, found.join());
    }
    return found;
  }
}
