package io.bucketfs.s3;

/** What is asked of S3, as meters and logs name it. */
enum Operation {
  LIST("list"),
  HEAD("head"),
  GET("get"),
  PUT("put"),
  COPY("copy"),
  DELETE("delete");

  final String tag;

  Operation(String tag) {
    this.tag = tag;
  }
}
