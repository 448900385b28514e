package io.bucketfs.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectStoreException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

final class S3FailuresTest {
  @ParameterizedTest
  @CsvSource({
    "404, NoSuchKey, Missing",
    "404, NoSuchBucket, Missing",
    "404, '', Missing",
    "412, PreconditionFailed, Conflict",
    "409, ConditionalRequestConflict, Conflict",
    "503, SlowDown, Busy",
    "503, '', Busy",
    "429, TooManyRequests, Busy",
    "500, InternalError, Unreachable",
    "502, '', Unreachable",
    "504, GatewayTimeout, Unreachable",
    "400, RequestTimeout, Unreachable",
    "501, NotImplemented, Rejected",
    "401, '', Denied",
    "403, AccessDenied, Denied",
    "403, '', Denied",
    "403, RequestTimeTooSkewed, Denied",
    "403, SignatureDoesNotMatch, Denied",
    "400, ExpiredToken, Denied",
    "400, AuthorizationHeaderMalformed, Denied",
    "301, PermanentRedirect, Denied",
    "403, InvalidObjectState, Archived",
    "400, BadDigest, Corrupt",
    "400, XAmzContentSHA256Mismatch, Corrupt",
    "400, MetadataTooLarge, Rejected",
    "416, InvalidRange, Rejected",
    "405, MethodNotAllowed, Rejected"
  })
  void mapsReplies(int status, String code, String kind) {
    var failure = S3Failures.exceptionOf(reply(status, code, "what it says")).failure();
    assertThat(failure.getClass().getSimpleName()).isEqualTo(kind);
    assertThat(failure.detail()).startsWith((status + " " + code).strip()).contains("what it says");
  }

  @Test
  void tellsWhatToDo() {
    assertThat(detail(403, "RequestTimeTooSkewed")).contains("clock");
    assertThat(detail(301, "PermanentRedirect")).contains("region");
    assertThat(detail(400, "AuthorizationHeaderMalformed")).contains("region");
    assertThat(detail(400, "ExpiredToken")).contains("renew");
    assertThat(detail(404, "NoSuchBucket")).contains("create the bucket");
  }

  private static String detail(int status, String code) {
    return S3Failures.exceptionOf(reply(status, code, "m")).failure().detail();
  }

  @ParameterizedTest
  @CsvSource({"'', 1", "7, 7", "86400, 60", "soon, 1", "-5, 1"})
  void retriesWhenTheStoreSaysSoWithinReason(String header, int seconds) {
    var response = SdkHttpResponse.builder().statusCode(503).putHeader("Retry-After", header);
    var details =
        AwsErrorDetails.builder().errorCode("SlowDown").sdkHttpResponse(response.build()).build();
    var busy = S3Exception.builder().statusCode(503).awsErrorDetails(details).build();
    assertThat(S3Failures.exceptionOf(busy).failure())
        .isInstanceOfSatisfying(
            BackendFailure.Busy.class,
            b -> assertThat(b.retryAfter()).isEqualTo(Duration.ofSeconds(seconds)));
  }

  @Test
  void whatIsNoReplyIsUnreachable() {
    var broken = SdkClientException.create("could not send", new IOException("connection reset"));
    var failure = S3Failures.exceptionOf(new CompletionException(broken)).failure();
    assertThat(failure).isInstanceOf(BackendFailure.Unreachable.class);
    assertThat(failure.detail()).contains("could not send").contains("connection reset");
    assertThat(S3Failures.exceptionOf(new CancellationException()).failure())
        .isInstanceOf(BackendFailure.Unreachable.class);
  }

  @Test
  void aFailureOfThePortStaysItself() {
    var ours = new ObjectStoreException(new BackendFailure.Corrupt("short"));
    assertThat(S3Failures.exceptionOf(SdkClientException.create("wrapped", ours))).isSameAs(ours);
  }

  private static S3Exception reply(int status, String code, String message) {
    var details =
        AwsErrorDetails.builder().errorCode(code.isEmpty() ? null : code).errorMessage(message);
    return (S3Exception)
        S3Exception.builder().statusCode(status).awsErrorDetails(details.build()).build();
  }
}
