package io.bucketfs.s3;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectStoreException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.services.s3.model.S3Error;

/** The one place where what the SDK throws becomes a {@link BackendFailure}. */
final class S3Failures {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
  private static final int RETRY_AFTER_SECONDS_MAX = 60;
  private static final int CAUSES_MAX = 6;

  private static final Set<String> BUSY_CODES =
      Set.of(
          "SlowDown",
          "SlowDownRead",
          "SlowDownWrite",
          "ServiceUnavailable",
          "Throttling",
          "ThrottlingException",
          "TooManyRequests",
          "TooManyRequestsException",
          "RequestLimitExceeded");
  private static final Set<String> CORRUPT_CODES =
      Set.of(
          "BadDigest",
          "InvalidDigest",
          "IncompleteBody",
          "XAmzContentChecksumMismatch",
          "XAmzContentSHA256Mismatch");

  /** Those that come as 400, besides all with 401 and 403. */
  private static final Set<String> DENIED_CODES =
      Set.of(
          "ExpiredToken",
          "InvalidToken",
          "TokenRefreshRequired",
          "AuthorizationHeaderMalformed",
          "AuthorizationQueryParametersError",
          "IllegalLocationConstraintException");

  private S3Failures() {}

  /** Turns anything thrown into the exception of the port. */
  static ObjectStoreException exceptionOf(Throwable thrown) {
    @Nullable Throwable cause = thrown;
    for (int i = 0; i < CAUSES_MAX && cause != null; i++) {
      if (cause instanceof ObjectStoreException known) {
        return known;
      }
      if (cause instanceof AwsServiceException || cause instanceof NoCredentialsException) {
        return new ObjectStoreException(failureOf(cause));
      }
      cause = cause.getCause();
    }
    return new ObjectStoreException(failureOf(unwrap(thrown)));
  }

  private static Throwable unwrap(Throwable thrown) {
    var cause = thrown.getCause();
    return thrown instanceof CompletionException && cause != null ? cause : thrown;
  }

  private static BackendFailure failureOf(Throwable cause) {
    return switch (cause) {
      case AwsServiceException refusal -> ofReply(refusal);
      case NoCredentialsException none -> new BackendFailure.Denied(none.getMessage());
      case ApiCallAttemptTimeoutException _ -> new BackendFailure.Unreachable("no reply in time");
      case ApiCallTimeoutException _ -> new BackendFailure.Unreachable("no reply in time");
      case CancellationException _ -> new BackendFailure.Unreachable("the request was cancelled");
      // The SDK says so of requests that it does not even send.
      case IllegalArgumentException e -> new BackendFailure.Rejected("not sent: " + e.getMessage());
      default -> new BackendFailure.Unreachable(chain(cause));
    };
  }

  private static BackendFailure ofReply(AwsServiceException refusal) {
    var status = refusal.statusCode();
    var code = code(refusal);
    var detail = detail(status, code, refusal);
    if (code.equals("InvalidObjectState")) {
      return new BackendFailure.Archived(detail);
    }
    if (status == 429 || BUSY_CODES.contains(code) || status == 503) {
      return new BackendFailure.Busy(detail, retryAfter(refusal));
    }
    if (CORRUPT_CODES.contains(code)) {
      return new BackendFailure.Corrupt(detail);
    }
    if (status == 401 || status == 403 || status == 301 || DENIED_CODES.contains(code)) {
      return new BackendFailure.Denied(detail + remedy(status, code));
    }
    if (status == 404 || code.equals("NoSuchUpload")) {
      return new BackendFailure.Missing(
          code.equals("NoSuchBucket")
              ? detail + "; create the bucket or correct its name"
              : detail);
    }
    if (status == 409 || status == 412 || code.equals("PreconditionFailed")) {
      return new BackendFailure.Conflict(detail);
    }
    // Status 0: what came back was no reply that could be read. Below 300: it began as a success
    // and became a failure on the way, as a long completion or copy may.
    if (status < 300 || code.equals("RequestTimeout") || (status >= 500 && status != 501)) {
      return new BackendFailure.Unreachable(detail);
    }
    return new BackendFailure.Rejected(detail);
  }

  /** Why one of many keys was not deleted; such an error has a code and no status. */
  static BackendFailure ofKey(S3Error error) {
    var code = error.code() == null ? "" : error.code();
    var detail = code + ": " + error.message();
    if (BUSY_CODES.contains(code)) {
      return new BackendFailure.Busy(detail, RETRY_AFTER);
    }
    return switch (code) {
      case "PreconditionFailed", "ConditionalRequestConflict", "OperationAborted" ->
          new BackendFailure.Conflict(detail);
      case "NoSuchKey", "NoSuchVersion" -> new BackendFailure.Missing(detail);
      case "AccessDenied", "AllAccessDisabled" -> new BackendFailure.Denied(detail);
      case "NotImplemented", "InvalidArgument", "InvalidRequest", "MalformedXML" ->
          new BackendFailure.Rejected(detail);
      default -> new BackendFailure.Unreachable(detail);
    };
  }

  /** What an operator can do, as the end of a sentence. */
  private static String remedy(int status, String code) {
    return switch (code) {
      case "RequestTimeTooSkewed" -> "; set this machine's clock (NTP)";
      case "InvalidAccessKeyId" -> "; the access key is not known there: correct the credentials";
      case "SignatureDoesNotMatch" -> "; the secret key or the region is wrong";
      case "ExpiredToken", "InvalidToken", "TokenRefreshRequired" ->
          "; the session token has run out: renew the credentials";
      case "AuthorizationHeaderMalformed",
          "IllegalLocationConstraintException",
          "PermanentRedirect" ->
          "; the bucket is in another region: set the mount's region";
      default ->
          status == 301
              ? "; the bucket is in another region: set the mount's region or endpoint"
              : "; the credentials do not allow this: see the policy of the bucket and the user";
    };
  }

  private static String code(AwsServiceException refusal) {
    var details = refusal.awsErrorDetails();
    return details == null || details.errorCode() == null ? "" : details.errorCode();
  }

  private static String detail(int status, String code, AwsServiceException refusal) {
    var details = refusal.awsErrorDetails();
    var text = new StringBuilder().append(status);
    if (!code.isEmpty()) {
      text.append(' ').append(code);
    }
    if (details != null && details.errorMessage() != null) {
      text.append(": ").append(details.errorMessage());
    }
    if (refusal.requestId() != null) {
      text.append(" (request ").append(refusal.requestId()).append(')');
    }
    return text.toString();
  }

  private static Duration retryAfter(AwsServiceException refusal) {
    var details = refusal.awsErrorDetails();
    if (details == null || details.sdkHttpResponse() == null) {
      return RETRY_AFTER;
    }
    return details
        .sdkHttpResponse()
        .firstMatchingHeader("Retry-After")
        .filter(text -> text.matches("\\d{1,9}"))
        .map(text -> Math.min(Integer.parseInt(text), RETRY_AFTER_SECONDS_MAX))
        .map(Duration::ofSeconds)
        .orElse(RETRY_AFTER);
  }

  /** The messages of a throwable and its causes: the last one is mostly the telling one. */
  private static String chain(Throwable thrown) {
    var text = new StringBuilder();
    @Nullable Throwable cause = thrown;
    for (int i = 0; i < CAUSES_MAX && cause != null; i++) {
      var message = cause.getMessage();
      var part = message == null ? cause.getClass().getSimpleName() : message;
      if (text.indexOf(part) < 0) {
        text.append(text.isEmpty() ? "" : ": ").append(part);
      }
      cause = cause.getCause();
    }
    return text.toString();
  }
}
