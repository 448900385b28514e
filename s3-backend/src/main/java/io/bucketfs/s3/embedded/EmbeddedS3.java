package io.bucketfs.s3.embedded;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.gaul.s3proxy.BlobStores;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.jspecify.annotations.Nullable;

/**
 * The main class of the embedded S3: S3Proxy on a folder, on the loopback interface. Objects are
 * files, buckets are folders, user metadata lies in extended attributes, so all of it outlives the
 * process. Prints one line, {@code ready http://127.0.0.1:PORT}, when it accepts requests, and ends
 * on SIGTERM or when its standard input is closed, which is what happens when its parent dies.
 */
public final class EmbeddedS3 {
  /** One chunk of a signed upload; clients choose its size, and S3Proxy's default is too small. */
  private static final int CHUNK_BYTES_MAX = 64 << 20;

  private static final long UNSIGNED_BODY_BYTES_MAX = 256L << 20;
  private static final int THREADS_MAX = 64;

  /** Idle connections of clients would otherwise hold up the end for half a minute. */
  private static final long STOP_MAX_MILLIS = 500;

  private EmbeddedS3() {}

  public static void main(String[] arguments) throws Exception {
    EmbeddedS3Arguments parsed;
    try {
      parsed =
          EmbeddedS3Arguments.parse(
              System.getenv(EmbeddedS3Arguments.SECRET_KEY_VARIABLE), arguments);
    } catch (IllegalArgumentException e) {
      System.err.println("embedded-s3: " + e.getMessage());
      System.exit(2);
      return;
    }
    var blobStore = new LockingBlobStore(openFolder(parsed.directory()));
    createBucket(blobStore, parsed.bucket());
    var server = start(blobStore, parsed);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, blobStore), "stop"));
    printReady(server.getPort());
    awaitEnd(System.in);
    System.exit(0);
  }

  private static BlobStore openFolder(Path directory) throws IOException {
    // S3Proxy breaks silently on a relative folder.
    var absolute = Files.createDirectories(directory.toAbsolutePath().normalize());
    var properties = new Properties();
    properties.setProperty("jclouds.filesystem.basedir", absolute.toString());
    return BlobStores.create("filesystem-nio2", properties);
  }

  private static void createBucket(BlobStore blobStore, @Nullable String bucket) {
    if (bucket != null && !blobStore.containerExists(bucket)) {
      blobStore.createContainer(bucket);
    }
  }

  private static S3Proxy start(BlobStore blobStore, EmbeddedS3Arguments parsed) throws Exception {
    var server =
        S3Proxy.builder()
            .blobStore(blobStore)
            .endpoint(URI.create("http://127.0.0.1:" + parsed.port()))
            .awsAuthentication(
                AuthenticationType.AWS_V2_OR_V4, parsed.accessKey(), parsed.secretKey())
            .v4MaxChunkSize(CHUNK_BYTES_MAX)
            .v4MaxNonChunkedRequestSize(UNSIGNED_BODY_BYTES_MAX)
            .ignoreUnknownHeaders(true)
            .jettyMaxThreads(THREADS_MAX)
            .stopTimeout(STOP_MAX_MILLIS)
            .build();
    server.start();
    return server;
  }

  private static void printReady(int port) {
    System.out.println("ready http://127.0.0.1:" + port);
    System.out.flush();
  }

  private static void awaitEnd(InputStream input) throws IOException {
    while (input.read() >= 0) {
      // What comes in means nothing; its end does.
    }
  }

  private static void stop(S3Proxy server, BlobStore blobStore) {
    try {
      server.stop();
    } catch (Exception e) { // what S3Proxy declares; the process ends either way
      System.err.println("embedded-s3: " + e);
    } finally {
      blobStore.close();
    }
  }
}
