package io.bucketfs.s3;

/** There is nothing to sign a request with. */
final class NoCredentialsException extends RuntimeException {
  NoCredentialsException(String message, Throwable cause) {
    super(message, cause);
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
