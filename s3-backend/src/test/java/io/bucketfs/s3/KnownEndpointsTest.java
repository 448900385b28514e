package io.bucketfs.s3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.endpoints.Endpoint;
import software.amazon.awssdk.endpoints.EndpointUrl;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.endpoints.S3EndpointParams;
import software.amazon.awssdk.services.s3.endpoints.S3EndpointProvider;

final class KnownEndpointsTest {
  private final List<S3EndpointParams> asked = new ArrayList<>();
  private boolean failing;

  private final KnownEndpoints endpoints =
      new KnownEndpoints(parameters -> {
        asked.add(parameters);
        return failing
            ? CompletableFuture.failedFuture(SdkClientException.create("no rule fits"))
            : S3EndpointProvider.defaultProvider().resolveEndpoint(parameters);
      });

  private static S3EndpointParams parameters(Consumer<S3EndpointParams.Builder> change) {
    var builder =
        S3EndpointParams.builder()
            .region(Region.EU_CENTRAL_1)
            .bucket("photos")
            .key("a")
            .useFips(false)
            .useDualStack(false)
            .accelerate(false)
            .useGlobalEndpoint(false)
            .disableMultiRegionAccessPoints(false)
            .useArnRegion(false)
            .forcePathStyle(false);
    change.accept(builder);
    return builder.build();
  }

  private EndpointUrl find(Consumer<S3EndpointParams.Builder> change) {
    return endpoints.resolveEndpoint(parameters(change)).join().endpointUrl();
  }

  @Test
  void askOnceForAllKeysOfABucket() {
    var first = find(_ -> {});
    assertThat(first.host()).isEqualTo("photos.s3.eu-central-1.amazonaws.com");
    assertThat(find(p -> p.key("b/c"))).isEqualTo(first);
    assertThat(find(p -> p.key(null).prefix("b/"))).isEqualTo(first);
    assertThat(asked).hasSize(1);
  }

  @Test
  void askAgainForAnotherBucketAndForAnotherKindOfOperation() {
    find(_ -> {});
    assertThat(find(p -> p.bucket("films")).host())
        .isEqualTo("films.s3.eu-central-1.amazonaws.com");
    find(p -> p.useS3ExpressControlEndpoint(true));
    find(p -> p.disableAccessPoints(true));
    assertThat(asked).hasSize(4);
  }

  @Test
  void doNotKeepAFailure() {
    failing = true;
    CompletableFuture<Endpoint> failed = endpoints.resolveEndpoint(parameters(_ -> {}));
    assertThat(failed).isCompletedExceptionally();
    failing = false;
    assertThat(find(_ -> {})).isNotNull();
  }
}
