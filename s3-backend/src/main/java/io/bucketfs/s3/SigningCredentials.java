package io.bucketfs.s3;

import io.bucketfs.core.mount.BucketLocation.Credentials;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.IdentityProvider;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.profiles.ProfileFileSupplier;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/**
 * Finds what to sign requests with, and says in our words where there is nothing: the SDK has no
 * exception of its own for that. Closing it ends the SDK's refreshing in the background.
 *
 * <p>Files are read again when they change, so that keys are replaced while the gateway runs. Where
 * a file cannot be read at the start, each request tries anew, and none is sent before it can.
 */
final class SigningCredentials implements IdentityProvider<AwsCredentialsIdentity>, AutoCloseable {
  private static final String KEY_ID = "_ACCESS_KEY_ID";
  private static final String SECRET = "_SECRET_ACCESS_KEY";
  private static final String TOKEN = "_SESSION_TOKEN";

  private final Source source;
  private final String remedy;

  /** Made when it is first needed, and again as long as that fails. */
  private volatile @Nullable IdentityProvider<? extends AwsCredentialsIdentity> provider;

  /** Makes a provider; what is wrong with a file it throws. */
  @FunctionalInterface
  private interface Source {
    IdentityProvider<? extends AwsCredentialsIdentity> open();
  }

  private SigningCredentials(Source source, String remedy) {
    this.source = source;
    this.remedy = remedy;
  }

  static SigningCredentials of(Credentials credentials) {
    return of(credentials, System.getenv());
  }

  /**
   * @param environment variables of the process
   */
  static SigningCredentials of(Credentials credentials, Map<String, String> environment) {
    return switch (credentials) {
      case Credentials.DefaultChain _ ->
          new SigningCredentials(
              () -> DefaultCredentialsProvider.builder().build(),
              "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile");
      case Credentials.Profile(var name) ->
          new SigningCredentials(
              () -> profile(name, ProfileFileSupplier.defaultSupplier()),
              "profile '" + name + "' must be in ~/.aws/credentials or ~/.aws/config");
      case Credentials.InFile(var path, var name) ->
          new SigningCredentials(
              () ->
                  profile(
                      name,
                      ProfileFileSupplier.reloadWhenModified(
                          Path.of(path), ProfileFile.Type.CREDENTIALS)),
              "%s must be a file that the gateway can read, with a section [%s] that has aws_access_key_id and aws_secret_access_key"
                  .formatted(path, name));
      case Credentials.InEnvironment(var name) ->
          new SigningCredentials(
              () -> StaticCredentialsProvider.create(ofEnvironment(name, environment)),
              "set %s and %s for the gateway, and start it again"
                  .formatted(name + KEY_ID, name + SECRET));
      case Credentials.Anonymous _ ->
          new SigningCredentials(AnonymousCredentialsProvider::create, "none are needed");
    };
  }

  private static IdentityProvider<? extends AwsCredentialsIdentity> profile(
      String name, ProfileFileSupplier files) {
    return ProfileCredentialsProvider.builder().profileName(name).profileFile(files).build();
  }

  private static AwsCredentials ofEnvironment(String name, Map<String, String> environment) {
    var keyId = environment.get(name + KEY_ID);
    var secret = environment.get(name + SECRET);
    var token = environment.get(name + TOKEN);
    if (keyId == null || keyId.isBlank() || secret == null || secret.isBlank()) {
      throw new IllegalStateException(
          (keyId == null || keyId.isBlank() ? name + KEY_ID : name + SECRET) + " is not set");
    }
    return token == null || token.isBlank()
        ? AwsBasicCredentials.create(keyId, secret)
        : AwsSessionCredentials.create(keyId, secret, token);
  }

  @Override
  public Class<AwsCredentialsIdentity> identityType() {
    return AwsCredentialsIdentity.class;
  }

  @Override
  public CompletableFuture<? extends AwsCredentialsIdentity> resolveIdentity(
      ResolveIdentityRequest request) {
    try {
      return provider()
          .resolveIdentity(request)
          .exceptionallyCompose(e -> CompletableFuture.failedFuture(none(e)));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(none(e));
    }
  }

  private IdentityProvider<? extends AwsCredentialsIdentity> provider() {
    var made = provider;
    if (made == null) {
      made = source.open();
      // Two that are made at once do no harm: they read the same.
      provider = made;
    }
    return made;
  }

  private NoCredentialsException none(Throwable cause) {
    return new NoCredentialsException(
        "no credentials (" + cause.getMessage() + "); " + remedy, cause);
  }

  @Override
  public void close() {
    if (provider instanceof SdkAutoCloseable closeable) {
      closeable.close();
    }
  }
}
