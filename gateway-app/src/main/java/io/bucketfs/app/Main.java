package io.bucketfs.app;

import io.bucketfs.app.cli.Bucketfs;

/** The process. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    System.exit(Bucketfs.run(arguments));
  }
}
