package io.bucketfs.s3.front;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.ObjectVersion;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.net.URLDecoder;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request of the REST protocol, taken apart.
 *
 * @param key empty where the request is about the bucket
 */
record FrontRequest(
    HttpMethod method,
    String bucket,
    String key,
    Map<String, List<String>> query,
    HttpHeaders headers,
    ByteBuf body) {
  private static final String METADATA = "x-amz-meta-";

  static FrontRequest of(FullHttpRequest request) {
    var uri = request.uri();
    var mark = uri.indexOf('?');
    var path = mark < 0 ? uri : uri.substring(0, mark);
    var slash = path.indexOf('/', 1);
    var bucket = slash < 0 ? path.substring(1) : path.substring(1, slash);
    var key = slash < 0 ? "" : path.substring(slash + 1);
    return new FrontRequest(
        request.method(),
        decode(bucket),
        decode(key),
        new QueryStringDecoder(uri, UTF_8).parameters(),
        request.headers(),
        request.content());
  }

  /** Percent signs only: a plus in a path is a plus. */
  static String decode(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), UTF_8);
  }

  @Nullable String parameter(String name) {
    var values = query.get(name);
    return values == null ? null : values.getFirst();
  }

  @Nullable String header(String name) {
    return headers.get(name);
  }

  Condition condition() {
    if (header("If-None-Match") != null) {
      return Condition.ABSENT;
    }
    var etag = header("If-Match");
    return etag == null ? Condition.NONE : Condition.matches(version(etag, null));
  }

  /** The version that a GET asks for, if any. */
  @Nullable ObjectVersion wantedVersion() {
    var etag = header("If-Match");
    var id = parameter("versionId");
    return etag == null && id == null ? null : version(etag == null ? "" : etag, id);
  }

  static ObjectVersion version(String etag, @Nullable String id) {
    return new ObjectVersion(etag, 0, null, id);
  }

  Map<String, String> metadata() {
    var metadata = new HashMap<String, String>();
    for (var header : headers) {
      var name = header.getKey().toLowerCase(Locale.ROOT);
      if (name.startsWith(METADATA)) {
        metadata.put(name.substring(METADATA.length()), header.getValue());
      }
    }
    return metadata;
  }
}
