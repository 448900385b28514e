package io.bucketfs.s3.front;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The body of an upload, freed of {@code aws-chunked}: chunks of {@code hex-length;signature CRLF
 * bytes CRLF}, an empty chunk, then trailing headers, of which one may be the checksum.
 *
 * @param claimedChecksum CRC32C in Base64 as the client told it; null where it did not
 */
record ChunkedUpload(byte[] bytes, @Nullable String claimedChecksum) {
  private static final String CHECKSUM = "x-amz-checksum-crc32c";

  static ChunkedUpload of(FrontRequest request) {
    var decodedLength = request.header("x-amz-decoded-content-length");
    if (decodedLength == null) {
      var bytes = new byte[request.body().readableBytes()];
      request.body().readBytes(bytes);
      return new ChunkedUpload(bytes, request.header(CHECKSUM));
    }
    var bytes = new byte[Integer.parseInt(decodedLength)];
    var at = 0;
    while (true) {
      var head = line(request.body());
      var semicolon = head.indexOf(';');
      var count = Integer.parseInt(semicolon < 0 ? head : head.substring(0, semicolon), 16);
      if (count == 0) {
        return new ChunkedUpload(bytes, trailingChecksum(request.body()));
      }
      request.body().readBytes(bytes, at, count).skipBytes(2);
      at += count;
    }
  }

  private static @Nullable String trailingChecksum(ByteBuf body) {
    while (body.isReadable()) {
      var line = line(body);
      if (line.startsWith(CHECKSUM + ":")) {
        return line.substring(CHECKSUM.length() + 1).strip();
      }
    }
    return null;
  }

  private static String line(ByteBuf body) {
    var length = body.bytesBefore((byte) '\n');
    if (length < 0) {
      throw new IllegalArgumentException("a chunk without end");
    }
    var line = body.readCharSequence(length, US_ASCII).toString();
    body.skipBytes(1);
    return line.strip();
  }

  /** Whether the bytes are those that the client meant. */
  boolean isIntact() {
    if (claimedChecksum == null) {
      return true;
    }
    var sum = new CRC32C();
    sum.update(bytes);
    var actual = ByteBuffer.allocate(4).putInt(0, (int) sum.getValue()).array();
    return Base64.getEncoder().encodeToString(actual).equals(claimedChecksum);
  }
}
