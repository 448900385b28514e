package io.bucketfs.core.mount;

import org.jspecify.annotations.Nullable;

/**
 * Where a bucket is and how to sign for it. Never holds a secret, only where one is found.
 *
 * @param endpoint base URL of an S3-compatible store; null for AWS
 * @param pathStyle whether the bucket is part of the path rather than the host name
 */
public record BucketLocation(
    String bucket,
    String region,
    @Nullable String endpoint,
    boolean pathStyle,
    Credentials credentials) {

  /** Where credentials come from. */
  public sealed interface Credentials {
    /** The SDK's default chain: environment, profile, web identity, container, instance. */
    record DefaultChain() implements Credentials {}

    /** A profile of the shared configuration files. */
    record Profile(String name) implements Credentials {}

    /**
     * A file in the form of the AWS credentials file, which is read again when it changes.
     *
     * @param profile the section of it
     */
    record InFile(String path, String profile) implements Credentials {}

    /**
     * Variables of the gateway's environment: {@code NAME_ACCESS_KEY_ID}, {@code
     * NAME_SECRET_ACCESS_KEY} and, where there is one, {@code NAME_SESSION_TOKEN}.
     */
    record InEnvironment(String name) implements Credentials {}

    /** No signature: public buckets. */
    record Anonymous() implements Credentials {}
  }
}
