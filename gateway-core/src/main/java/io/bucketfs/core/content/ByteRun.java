package io.bucketfs.core.content;

/** Some bytes of a file, one after another. */
public record ByteRun(long offset, long length) {
  public long end() {
    return offset + length;
  }
}
