package io.bucketfs.s3.front;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ByteArrayBody;
import io.bucketfs.core.object.MultipartStore.CompleteRequest;
import io.bucketfs.core.object.MultipartStore.CopyPartRequest;
import io.bucketfs.core.object.MultipartStore.ListUploadsRequest;
import io.bucketfs.core.object.MultipartStore.OpenUpload;
import io.bucketfs.core.object.MultipartStore.Part;
import io.bucketfs.core.object.MultipartStore.UploadRequest;
import io.bucketfs.core.object.ObjectStore;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Requests about multipart uploads. */
final class FrontUploads {
  private static final Pattern PART = Pattern.compile("<Part>(.*?)</Part>", Pattern.DOTALL);
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");

  private FrontUploads() {}

  static boolean isAbout(FrontRequest request) {
    return request.parameter("uploads") != null || request.parameter("uploadId") != null;
  }

  static void answer(ChannelHandlerContext context, ObjectStore store, FrontRequest request) {
    var id = request.parameter("uploadId");
    if (id == null) {
      if (request.method().name().equals("POST")) {
        create(context, store, request);
      } else {
        list(context, store, request);
      }
      return;
    }
    switch (request.method().name()) {
      case "POST" -> complete(context, store, request, id);
      case "DELETE" ->
          FrontHandler.reply(
              context,
              request,
              store.abortUpload(request.key(), id),
              _ -> FrontReplies.empty(HttpResponseStatus.NO_CONTENT));
      default -> part(context, store, request, id);
    }
  }

  private static void create(
      ChannelHandlerContext context, ObjectStore store, FrontRequest request) {
    var type = request.header(HttpHeaderNames.CONTENT_TYPE.toString());
    FrontHandler.reply(
        context,
        request,
        store.createUpload(new UploadRequest(request.key(), request.metadata(), type)),
        id ->
            FrontReplies.xml(
                HttpResponseStatus.OK,
                "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>"
                    .formatted(id)));
  }

  private static void list(ChannelHandlerContext context, ObjectStore store, FrontRequest request) {
    var key = request.parameter("key-marker");
    var id = request.parameter("upload-id-marker");
    var after = key == null || id == null ? null : new OpenUpload(key, id);
    var prefix = Objects.requireNonNullElse(request.parameter("prefix"), "");
    FrontHandler.reply(
        context,
        request,
        store.listUploads(new ListUploadsRequest(prefix, after)),
        page -> FrontReplies.xml(HttpResponseStatus.OK, FrontReplies.uploads(page)));
  }

  private static void part(
      ChannelHandlerContext context, ObjectStore store, FrontRequest request, String id) {
    var number = Integer.parseInt(Objects.requireNonNull(request.parameter("partNumber")));
    if (request.header("x-amz-copy-source") != null) {
      copy(context, store, request, id, number);
      return;
    }
    var upload = ChunkedUpload.of(request);
    if (!upload.isIntact()) {
      var failure = new BackendFailure.Corrupt("400 BadDigest: The checksum did not match");
      FrontHandler.send(context, FrontReplies.error(failure, true));
      return;
    }
    FrontHandler.reply(
        context,
        request,
        store.uploadPart(request.key(), id, number, new ByteArrayBody(upload.bytes())),
        part -> {
          var response = FrontReplies.empty(HttpResponseStatus.OK);
          response.headers().set(HttpHeaderNames.ETAG, part.etag());
          if (upload.claimedChecksum() != null) {
            response.headers().set("x-amz-checksum-crc32c", upload.claimedChecksum());
          }
          return response;
        });
  }

  private static void copy(
      ChannelHandlerContext context,
      ObjectStore store,
      FrontRequest request,
      String id,
      int number) {
    var source = CopySource.of(request);
    var range = RANGE.matcher(Objects.requireNonNull(request.header("x-amz-copy-source-range")));
    if (!range.matches()) {
      FrontHandler.send(context, FrontReplies.empty(HttpResponseStatus.NOT_IMPLEMENTED));
      return;
    }
    var offset = Long.parseLong(range.group(1));
    var count = Long.parseLong(range.group(2)) - offset + 1;
    FrontHandler.reply(
        context,
        request,
        store.copyPart(
            new CopyPartRequest(
                request.key(), id, number, source.key(), source.version(), offset, count)),
        part ->
            FrontReplies.xml(
                HttpResponseStatus.OK,
                "<CopyPartResult><ETag>%s</ETag></CopyPartResult>"
                    .formatted(FrontReplies.escape(part.etag()))));
  }

  private static void complete(
      ChannelHandlerContext context, ObjectStore store, FrontRequest request, String id) {
    var parts = parts(request.body().toString(StandardCharsets.UTF_8));
    FrontHandler.reply(
        context,
        request,
        store.completeUpload(new CompleteRequest(request.key(), id, request.condition(), parts)),
        version -> {
          var response =
              FrontReplies.xml(
                  HttpResponseStatus.OK,
                  "<CompleteMultipartUploadResult><ETag>%s</ETag></CompleteMultipartUploadResult>"
                      .formatted(FrontReplies.escape(version.etag())));
          if (version.versionId() != null) {
            response.headers().set("x-amz-version-id", version.versionId());
          }
          return response;
        });
  }

  private static List<Part> parts(String xml) {
    var parts = new ArrayList<Part>();
    var matcher = PART.matcher(xml);
    while (matcher.find()) {
      var part = matcher.group(1);
      parts.add(
          new Part(
              Integer.parseInt(Objects.requireNonNull(element(part, "PartNumber"))),
              Objects.requireNonNull(element(part, "ETag")).replace("&quot;", "\""),
              element(part, "ChecksumCRC32C"),
              0));
    }
    return parts;
  }

  private static @Nullable String element(String xml, String name) {
    var matcher = Pattern.compile("<" + name + ">(.*?)</" + name + ">").matcher(xml);
    return matcher.find() ? matcher.group(1) : null;
  }
}
