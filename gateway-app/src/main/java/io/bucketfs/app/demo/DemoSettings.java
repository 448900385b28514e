package io.bucketfs.app.demo;

import io.bucketfs.app.config.GatewayConfig;
import io.bucketfs.core.admin.Administration.MountRequest;
import java.nio.file.Path;

/**
 * What a demo is made of.
 *
 * @param directory holds everything, absolute
 * @param gateway the settings of its gateway
 * @param mount the bucket of the demo
 * @param s3Port the port of its S3, on loopback
 * @param s3Libraries the class path of its S3
 */
public record DemoSettings(
    Path directory, GatewayConfig gateway, MountRequest mount, int s3Port, Path s3Libraries) {
  /** The bucket, and the name that it is mounted under. */
  public static final String BUCKET = "demo";

  /** Of an S3 that only this machine reaches, and that holds nothing but the demo. */
  public static final String ACCESS_KEY = "demo";

  /** As little of a secret as the access key. */
  public static final String SECRET_KEY = "demodemo";

  /** Where objects are, as files. */
  Path s3Directory() {
    return directory.resolve("s3");
  }

  /** What the S3 has to say. */
  Path s3Log() {
    return directory.resolve("s3.log");
  }

  /** There once the bucket was filled, so that what was deleted stays away. */
  Path filledMarker() {
    return directory.resolve("filled");
  }
}
