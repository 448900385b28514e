package io.bucketfs.s3.fault;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request or reply of HTTP/1.1 as it came, so that it goes on byte for byte: signatures hold.
 *
 * @param lines first line and headers
 * @param body with the framing of its chunks, where it has chunks
 */
record HttpMessage(List<String> lines, byte[] body) {
  private static final int LINE_BYTES_MAX = 64 << 10;
  private static final int BODY_BYTES_MAX = 256 << 20;

  /** The next request of a connection; null where there is none. */
  static @Nullable HttpMessage readRequest(InputStream input) throws IOException {
    var lines = readHead(input);
    return lines.isEmpty() ? null : new HttpMessage(lines, readBody(lines, input));
  }

  /** The reply to a request. */
  static HttpMessage readReply(InputStream input, String method) throws IOException {
    var lines = readHead(input);
    if (lines.isEmpty()) {
      throw new IOException("the store closed the connection");
    }
    var status = lines.getFirst().split(" ", 3)[1];
    var empty = method.equals("HEAD") || status.equals("204") || status.equals("304");
    return new HttpMessage(lines, empty ? new byte[0] : readBody(lines, input));
  }

  private static List<String> readHead(InputStream input) throws IOException {
    var lines = new ArrayList<String>();
    for (var line = readLine(input); line != null && !line.isEmpty(); line = readLine(input)) {
      lines.add(line);
    }
    return lines;
  }

  private static @Nullable String readLine(InputStream input) throws IOException {
    var line = new ByteArrayOutputStream();
    for (var next = input.read(); next >= 0; next = input.read()) {
      if (next == '\n') {
        var text = line.toString(ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
      }
      line.write(next);
      if (line.size() > LINE_BYTES_MAX) {
        throw new IOException("a line is too long");
      }
    }
    return null;
  }

  private static byte[] readBody(List<String> lines, InputStream input) throws IOException {
    if ("chunked".equalsIgnoreCase(header(lines, "Transfer-Encoding"))) {
      return readChunks(input);
    }
    var length = header(lines, "Content-Length");
    return length == null ? new byte[0] : readExactly(input, Integer.parseInt(length));
  }

  private static byte[] readChunks(InputStream input) throws IOException {
    var raw = new ByteArrayOutputStream();
    while (raw.size() < BODY_BYTES_MAX) {
      var line = Objects.requireNonNull(readLine(input), "cut off");
      raw.writeBytes((line + "\r\n").getBytes(ISO_8859_1));
      var length = Integer.parseInt(line.split(";", 2)[0].strip(), 16);
      raw.writeBytes(readExactly(input, length + 2));
      if (length == 0) {
        return raw.toByteArray();
      }
    }
    throw new IOException("a body is too long");
  }

  private static byte[] readExactly(InputStream input, int length) throws IOException {
    if (length > BODY_BYTES_MAX) {
      throw new IOException("a body is too long");
    }
    var bytes = input.readNBytes(length);
    if (bytes.length < length) {
      throw new IOException("cut off");
    }
    return bytes;
  }

  private static @Nullable String header(List<String> lines, String name) {
    for (var line : lines.subList(1, lines.size())) {
      var colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).strip().equalsIgnoreCase(name)) {
        return line.substring(colon + 1).strip();
      }
    }
    return null;
  }

  /** A reply that says what is wrong. */
  static HttpMessage error(Fault fault, String method) {
    var xml =
        "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>%s</Message></Error>"
            .formatted(fault.code, fault.message)
            .getBytes(ISO_8859_1);
    var lines =
        List.of(
            "HTTP/1.1 %d Fault".formatted(fault.status),
            "x-amz-request-id: made-up",
            "Content-Type: application/xml",
            "Content-Length: " + xml.length);
    return new HttpMessage(lines, method.equals("HEAD") ? new byte[0] : xml);
  }

  String method() {
    return lines.getFirst().split(" ", 2)[0];
  }

  /** Path and query. */
  String target() {
    return lines.getFirst().split(" ", 3)[1];
  }

  /** The same with another value of a header, whether it had one or not. */
  HttpMessage with(String name, String value) {
    var others =
        new ArrayList<>(
            lines.stream()
                .filter(line -> !line.toLowerCase(Locale.ROOT).startsWith(name + ":"))
                .toList());
    others.add(name + ": " + value);
    return new HttpMessage(others, body);
  }

  /** Sends it, with so many bytes of its body. */
  void write(OutputStream output, int bodyBytes) throws IOException {
    var head = String.join("\r\n", lines) + "\r\n\r\n";
    var bytes = new ByteArrayOutputStream();
    bytes.writeBytes(head.getBytes(ISO_8859_1));
    bytes.write(body, 0, bodyBytes);
    bytes.writeTo(output);
    output.flush();
  }
}
