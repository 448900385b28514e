package io.bucketfs.s3;

import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStores;
import io.bucketfs.core.runtime.Meters;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.client.config.SdkAdvancedAsyncClientOption;
import software.amazon.awssdk.http.crt.AwsCrtAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3AsyncClientBuilder;
import software.amazon.awssdk.services.s3.endpoints.S3EndpointProvider;

/**
 * All buckets of the process. Each has connections of its own, so that requests which hang in one
 * never keep those of another waiting (CORRECTNESS 22); event loops and the timer thread, which
 * never wait, serve all of them.
 *
 * <p>The transport is the SDK's plain asynchronous client over CRT's HTTP client. The CRT S3 client
 * would split and repeat requests by itself, out of sight of those who must know which request took
 * effect; for the same reason the SDK's own retries are off. Replies complete on the event loops of
 * the HTTP client.
 *
 * <p>Thread-safe.
 */
public final class S3ObjectStores implements ObjectStores, AutoCloseable {
  private final Meters meters;
  private final S3Settings settings;
  private final ScheduledThreadPoolExecutor timeouts;
  private final Set<S3ObjectStore> open = ConcurrentHashMap.newKeySet();

  public S3ObjectStores(Meters meters, S3Settings settings) {
    this.meters = meters;
    this.settings = settings;
    timeouts =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("s3-timeouts-", 0).daemon().factory());
    // Nearly every request ends before its time-out, which must not be kept until then.
    timeouts.setRemoveOnCancelPolicy(true);
  }

  @Override
  public ObjectStore open(BucketLocation location) {
    if (location.bucket().isEmpty()) {
      throw new IllegalArgumentException("the bucket has no name");
    }
    var endpoint = location.endpoint() == null ? null : parse(location.endpoint());
    var credentials = SigningCredentials.of(location.credentials());
    var store =
        new S3ObjectStore(
            location.bucket(),
            new LazyClient(
                () -> builder(location, endpoint).credentialsProvider(credentials).build()),
            credentials,
            new RequestMeters(meters, location.bucket()),
            settings,
            open::remove);
    open.add(store);
    return store;
  }

  private AwsCrtAsyncHttpClient.Builder http() {
    return AwsCrtAsyncHttpClient.builder()
        .maxConcurrency(settings.connectionsMax())
        .connectionTimeout(settings.connectMax())
        .connectionAcquisitionTimeout(settings.replyMax())
        .connectionMaxIdleTime(settings.idleConnectionMax());
  }

  private S3AsyncClientBuilder builder(BucketLocation location, @Nullable URI endpoint) {
    var builder =
        S3AsyncClient.builder()
            // Made by the client and closed with it.
            .httpClientBuilder(http())
            .region(Region.of(location.region()))
            .endpointProvider(new KnownEndpoints(S3EndpointProvider.defaultProvider()))
            .forcePathStyle(location.pathStyle())
            .disableS3ExpressSessionAuth(true)
            .crossRegionAccessEnabled(false)
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            // CRT would not wait for the 100, so the header is of no use.
            .serviceConfiguration(c -> c.expectContinueEnabled(false))
            .asyncConfiguration(c ->
                c.advancedOption(
                    SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR, Runnable::run))
            .overrideConfiguration(
                ClientOverrideConfiguration.builder()
                    .retryStrategy(AwsRetryStrategy.doNotRetry())
                    .apiCallTimeout(settings.replyMax())
                    .scheduledExecutorService(timeouts)
                    .build());
    if (endpoint != null) {
      builder.endpointOverride(endpoint);
    }
    return builder;
  }

  private static URI parse(String endpoint) {
    try {
      var uri = new URI(endpoint);
      var scheme = uri.getScheme();
      if (uri.getHost() == null
          || scheme == null
          || !(scheme.equalsIgnoreCase("http") || scheme.equalsIgnoreCase("https"))) {
        throw new IllegalArgumentException(notAnEndpoint(endpoint));
      }
      return uri;
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(notAnEndpoint(endpoint), e);
    }
  }

  private static String notAnEndpoint(String endpoint) {
    return "the endpoint must be like https://s3.example.com:9000, not '" + endpoint + "'";
  }

  /** Closes all stores and releases connections and threads. */
  @Override
  public void close() {
    open.forEach(S3ObjectStore::close);
    timeouts.shutdownNow();
  }
}
