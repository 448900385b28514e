package io.bucketfs.s3;

import io.bucketfs.core.mount.BucketLocation.Credentials;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.IdentityProvider;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/**
 * Finds what to sign requests with, and says in our words where there is nothing: the SDK has no
 * exception of its own for that. Closing it ends the SDK's refreshing in the background.
 */
final class SigningCredentials implements IdentityProvider<AwsCredentialsIdentity>, AutoCloseable {
  private final IdentityProvider<? extends AwsCredentialsIdentity> delegate;
  private final String remedy;

  private SigningCredentials(
      IdentityProvider<? extends AwsCredentialsIdentity> delegate, String remedy) {
    this.delegate = delegate;
    this.remedy = remedy;
  }

  static SigningCredentials of(Credentials credentials) {
    return switch (credentials) {
      case Credentials.DefaultChain _ ->
          new SigningCredentials(
              DefaultCredentialsProvider.builder().build(),
              "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile");
      case Credentials.Profile(var name) ->
          new SigningCredentials(
              ProfileCredentialsProvider.create(name),
              "profile '" + name + "' must be in ~/.aws/credentials or ~/.aws/config");
      case Credentials.Anonymous _ ->
          new SigningCredentials(AnonymousCredentialsProvider.create(), "none are needed");
    };
  }

  @Override
  public Class<AwsCredentialsIdentity> identityType() {
    return AwsCredentialsIdentity.class;
  }

  @Override
  public CompletableFuture<? extends AwsCredentialsIdentity> resolveIdentity(
      ResolveIdentityRequest request) {
    try {
      return delegate
          .resolveIdentity(request)
          .exceptionallyCompose(e -> CompletableFuture.failedFuture(none(e)));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(none(e));
    }
  }

  private NoCredentialsException none(Throwable cause) {
    return new NoCredentialsException(
        "no credentials (" + cause.getMessage() + "); " + remedy, cause);
  }

  @Override
  public void close() {
    if (delegate instanceof SdkAutoCloseable closeable) {
      closeable.close();
    }
  }
}
