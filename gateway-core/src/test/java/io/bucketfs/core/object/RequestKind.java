package io.bucketfs.core.object;

/** What a request to a bucket does. */
public enum RequestKind {
  LIST,
  HEAD,
  GET,
  PUT,
  COPY,
  DELETE
}
