package io.bucketfs.s3.front;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.MultipartStore.UploadListing;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectStore.Listing;
import io.bucketfs.core.object.ObjectVersion;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.net.URLEncoder;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Replies of the REST protocol. */
final class FrontReplies {
  private static final Pattern DETAIL = Pattern.compile("(\\d{3}) (\\w+): (.*)", Pattern.DOTALL);

  private FrontReplies() {}

  static FullHttpResponse empty(HttpResponseStatus status) {
    var reply = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.EMPTY_BUFFER);
    reply.headers().set(HttpHeaderNames.CONTENT_LENGTH, 0);
    return reply;
  }

  static FullHttpResponse xml(HttpResponseStatus status, String text) {
    var body = Unpooled.copiedBuffer(text, UTF_8);
    var reply = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body);
    reply.headers().set(HttpHeaderNames.CONTENT_TYPE, "application/xml");
    reply.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
    return reply;
  }

  /** An error; its text is the failure's where that is worded as S3 words it. */
  static FullHttpResponse error(BackendFailure failure, boolean withBody) {
    var matcher = DETAIL.matcher(failure.detail());
    var known = matcher.matches();
    var status =
        known ? HttpResponseStatus.valueOf(Integer.parseInt(matcher.group(1))) : status(failure);
    if (!withBody) {
      return empty(status);
    }
    var code = known ? matcher.group(2) : failure.getClass().getSimpleName();
    var message = known ? matcher.group(3) : failure.detail();
    return xml(
        status,
        "<Error><Code>%s</Code><Message>%s</Message></Error>".formatted(code, escape(message)));
  }

  private static HttpResponseStatus status(BackendFailure failure) {
    return switch (failure) {
      case BackendFailure.Missing _ -> HttpResponseStatus.NOT_FOUND;
      case BackendFailure.Conflict _ -> HttpResponseStatus.PRECONDITION_FAILED;
      case BackendFailure.Busy _ -> HttpResponseStatus.SERVICE_UNAVAILABLE;
      case BackendFailure.Denied _, BackendFailure.Archived _ -> HttpResponseStatus.FORBIDDEN;
      case BackendFailure.Corrupt _, BackendFailure.Rejected _ -> HttpResponseStatus.BAD_REQUEST;
      case BackendFailure.Unreachable _ -> HttpResponseStatus.BAD_GATEWAY;
    };
  }

  static void describe(ObjectHead head, HttpHeaders headers) {
    describe(head.version(), headers);
    var modified = head.version().lastModified();
    if (modified != null) {
      headers.set(HttpHeaderNames.LAST_MODIFIED, httpDate(modified));
    }
    head.metadata().forEach((name, value) -> headers.set("x-amz-meta-" + name, value));
    if (head.contentType() != null) {
      headers.set(HttpHeaderNames.CONTENT_TYPE, head.contentType());
    }
    if (head.storageClass() != null) {
      headers.set("x-amz-storage-class", head.storageClass());
    }
  }

  static void describe(ObjectVersion version, HttpHeaders headers) {
    headers.set(HttpHeaderNames.ETAG, version.etag());
    if (version.versionId() != null) {
      headers.set("x-amz-version-id", version.versionId());
    }
  }

  static String listing(Listing listing, boolean encoded) {
    var xml = new StringBuilder("<ListBucketResult>");
    if (encoded) {
      xml.append("<EncodingType>url</EncodingType>");
    }
    xml.append("<IsTruncated>").append(listing.continuation() != null).append("</IsTruncated>");
    if (listing.continuation() != null) {
      xml.append("<NextContinuationToken>")
          .append(listing.continuation())
          .append("</NextContinuationToken>");
    }
    for (var entry : listing.entries()) {
      xml.append("<Contents><Key>").append(name(entry.key(), encoded)).append("</Key>");
      var modified = entry.version().lastModified();
      if (modified != null) {
        xml.append("<LastModified>").append(modified).append("</LastModified>");
      }
      xml.append("<ETag>").append(escape(entry.version().etag())).append("</ETag>");
      xml.append("<Size>").append(entry.version().sizeBytes()).append("</Size></Contents>");
    }
    for (var prefix : listing.commonPrefixes()) {
      xml.append("<CommonPrefixes><Prefix>")
          .append(name(prefix, encoded))
          .append("</Prefix></CommonPrefixes>");
    }
    return xml.append("</ListBucketResult>").toString();
  }

  static String uploads(UploadListing listing) {
    var xml = new StringBuilder("<ListMultipartUploadsResult>");
    xml.append("<EncodingType>url</EncodingType>");
    var next = listing.next();
    xml.append("<IsTruncated>").append(next != null).append("</IsTruncated>");
    if (next != null) {
      xml.append("<NextKeyMarker>").append(name(next.key(), true)).append("</NextKeyMarker>");
      xml.append("<NextUploadIdMarker>").append(next.uploadId()).append("</NextUploadIdMarker>");
    }
    for (var upload : listing.uploads()) {
      xml.append("<Upload><Key>").append(name(upload.key(), true)).append("</Key>");
      xml.append("<UploadId>").append(upload.uploadId()).append("</UploadId></Upload>");
    }
    return xml.append("</ListMultipartUploadsResult>").toString();
  }

  static String copied(ObjectVersion version) {
    return "<CopyObjectResult><ETag>%s</ETag><LastModified>%s</LastModified></CopyObjectResult>"
        .formatted(escape(version.etag()), orEpoch(version.lastModified()));
  }

  private static Instant orEpoch(@Nullable Instant time) {
    return time == null ? Instant.EPOCH : time;
  }

  private static String name(String key, boolean encoded) {
    return encoded ? URLEncoder.encode(key, UTF_8) : escape(key);
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  private static String httpDate(Instant time) {
    return DateTimeFormatter.RFC_1123_DATE_TIME.format(time.atOffset(ZoneOffset.UTC));
  }
}
