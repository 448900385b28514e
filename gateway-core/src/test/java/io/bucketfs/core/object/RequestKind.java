package io.bucketfs.core.object;

/** What a request to a bucket does. */
public enum RequestKind {
  LIST,
  HEAD,
  GET,
  PUT,
  COPY,
  DELETE,
  DELETE_MANY,
  CREATE_UPLOAD,
  UPLOAD_PART,
  COPY_PART,
  COMPLETE_UPLOAD,
  ABORT_UPLOAD,
  LIST_UPLOADS,
  TAGS;

  /** Whether it takes effect behind a body, or key by key. */
  boolean isJudgedLater() {
    return this == PUT || this == UPLOAD_PART || this == DELETE_MANY;
  }
}
