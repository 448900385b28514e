package io.bucketfs.s3;

/** What is asked of S3, as meters and logs name it. */
enum Operation {
  LIST("list"),
  HEAD("head"),
  GET("get"),
  PUT("put"),
  COPY("copy"),
  DELETE("delete"),
  DELETE_MANY("delete_many"),
  CREATE_UPLOAD("create_upload"),
  UPLOAD_PART("upload_part"),
  COPY_PART("copy_part"),
  COMPLETE_UPLOAD("complete_upload"),
  ABORT_UPLOAD("abort_upload"),
  LIST_UPLOADS("list_uploads"),
  TAGS("tags"),
  CREATE_BUCKET("create_bucket");

  final String tag;

  Operation(String tag) {
    this.tag = tag;
  }
}
