package io.bucketfs.core.object;

/** What a request to a bucket does. */
public enum RequestKind {
  LIST,
  HEAD,
  GET,
  PUT,
  COPY,
  DELETE,
  CREATE_UPLOAD,
  UPLOAD_PART,
  COPY_PART,
  COMPLETE_UPLOAD,
  ABORT_UPLOAD,
  LIST_UPLOADS,
  TAGS;

  /** Whether it carries a body, with which the store judges it. */
  boolean hasBody() {
    return this == PUT || this == UPLOAD_PART;
  }
}
