package io.bucketfs.e2e.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.crt.AwsCrtHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** A bucket as any S3 client sees it; it knows nothing of the gateway. */
public final class Bucket implements AutoCloseable {
  private final S3Client client;
  private final String name;

  private Bucket(S3Client client, String name) {
    this.client = client;
    this.name = name;
  }

  static Bucket open(URI endpoint, String accessKey, String secretKey, String name) {
    var client =
        S3Client.builder()
            .endpointOverride(endpoint)
            .region(Region.US_EAST_1)
            .forcePathStyle(true)
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create(accessKey, secretKey)))
            .httpClientBuilder(AwsCrtHttpClient.builder().maxConcurrency(32))
            .build();
    return new Bucket(client, name);
  }

  /**
   * An object.
   *
   * @param digest SHA-256 of its body
   */
  public record Stored(String key, long sizeBytes, String digest, Map<String, String> metadata) {
    public Stored {
      metadata = Map.copyOf(metadata);
    }
  }

  /** Stores an object. */
  public void put(String key, byte[] body, Map<String, String> metadata) {
    client.putObject(
        request -> request.bucket(name).key(key).metadata(metadata), RequestBody.fromBytes(body));
  }

  /** Reads an object. */
  public Stored get(String key) {
    try (var body = client.getObject(request -> request.bucket(name).key(key))) {
      return new Stored(
          key,
          body.response().contentLength(),
          TreeListing.sha256(body),
          body.response().metadata());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads an object that is text. */
  public String text(String key) {
    return client.getObjectAsBytes(request -> request.bucket(name).key(key)).asUtf8String();
  }

  /** Deletes an object. */
  public void delete(String key) {
    client.deleteObject(request -> request.bucket(name).key(key));
  }

  /** The keys under a prefix and the sizes of their objects. */
  public SortedMap<String, Long> list(String prefix) {
    var keys = new TreeMap<String, Long>();
    for (S3Object object :
        client.listObjectsV2Paginator(request -> request.bucket(name).prefix(prefix)).contents()) {
      keys.put(object.key(), object.size());
    }
    return keys;
  }

  @Override
  public void close() {
    client.close();
  }
}
