package io.bucketfs.s3.front;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySink;
import io.bucketfs.core.object.ByteArrayBody;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStore.CopyRequest;
import io.bucketfs.core.object.ObjectStore.ListRequest;
import io.bucketfs.core.object.ObjectStore.PutRequest;
import io.bucketfs.core.object.ObjectStoreException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Serves one connection, whose requests come one after another. */
final class FrontHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");
  private static final int KEYS_MAX = 1_000;
  private static final AtomicLong REQUESTS = new AtomicLong();

  private final Function<String, @Nullable ObjectStore> buckets;

  FrontHandler(Function<String, @Nullable ObjectStore> buckets) {
    this.buckets = buckets;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest message) {
    var request = FrontRequest.of(message);
    var store = buckets.apply(request.bucket());
    if (store == null) {
      var failure = new BackendFailure.Missing("404 NoSuchBucket: There is no such bucket");
      send(context, FrontReplies.error(failure, hasBody(request)));
      return;
    }
    if (FrontUploads.isAbout(request)) {
      FrontUploads.answer(context, store, request);
      return;
    }
    if (FrontDeletes.isAbout(request)) {
      FrontDeletes.answer(context, store, request);
      return;
    }
    switch (request.method().name()) {
      case "HEAD" -> head(context, store, request);
      case "GET" -> {
        if (request.key().isEmpty()) {
          list(context, store, request);
        } else {
          get(context, store, request);
        }
      }
      case "PUT" -> {
        if (request.header("x-amz-copy-source") != null) {
          copy(context, store, request);
        } else {
          put(context, store, request);
        }
      }
      case "DELETE" ->
          reply(
              context,
              request,
              store.delete(request.key(), request.condition()),
              _ -> FrontReplies.empty(HttpResponseStatus.NO_CONTENT));
      default -> send(context, FrontReplies.empty(HttpResponseStatus.NOT_IMPLEMENTED));
    }
  }

  private static void head(ChannelHandlerContext context, ObjectStore store, FrontRequest request) {
    if (request.key().isEmpty()) {
      send(context, FrontReplies.empty(HttpResponseStatus.OK));
      return;
    }
    reply(
        context,
        request,
        store.head(request.key()),
        found -> {
          var response = FrontReplies.empty(HttpResponseStatus.OK);
          FrontReplies.describe(found, response.headers());
          response.headers().set(HttpHeaderNames.CONTENT_LENGTH, found.version().sizeBytes());
          return response;
        });
  }

  private static void list(ChannelHandlerContext context, ObjectStore store, FrontRequest request) {
    var keysMax = request.parameter("max-keys");
    reply(
        context,
        request,
        store.list(
            new ListRequest(
                Objects.requireNonNullElse(request.parameter("prefix"), ""),
                request.parameter("delimiter"),
                request.parameter("continuation-token"),
                keysMax == null ? KEYS_MAX : Integer.parseInt(keysMax))),
        page ->
            FrontReplies.xml(
                HttpResponseStatus.OK,
                FrontReplies.listing(page, "url".equals(request.parameter("encoding-type")))));
  }

  private static void put(ChannelHandlerContext context, ObjectStore store, FrontRequest request) {
    var upload = ChunkedUpload.of(request);
    if (!upload.isIntact()) {
      var failure = new BackendFailure.Corrupt("400 BadDigest: The checksum did not match");
      send(context, FrontReplies.error(failure, true));
      return;
    }
    var type = request.header(HttpHeaderNames.CONTENT_TYPE.toString());
    reply(
        context,
        request,
        store.put(
            new PutRequest(request.key(), request.condition(), request.metadata(), type),
            new ByteArrayBody(upload.bytes())),
        version -> {
          var response = FrontReplies.empty(HttpResponseStatus.OK);
          FrontReplies.describe(version, response.headers());
          if (upload.claimedChecksum() != null) {
            response.headers().set("x-amz-checksum-crc32c", upload.claimedChecksum());
          }
          return response;
        });
  }

  private static void copy(ChannelHandlerContext context, ObjectStore store, FrontRequest request) {
    var source = CopySource.of(request);
    reply(
        context,
        request,
        store.copy(
            new CopyRequest(
                source.key(),
                source.version(),
                request.key(),
                request.condition(),
                request.metadata(),
                request.header(HttpHeaderNames.CONTENT_TYPE.toString()))),
        version -> {
          var response = FrontReplies.xml(HttpResponseStatus.OK, FrontReplies.copied(version));
          FrontReplies.describe(version, response.headers());
          return response;
        });
  }

  private static void get(ChannelHandlerContext context, ObjectStore store, FrontRequest request) {
    var range = RANGE.matcher(Objects.requireNonNullElse(request.header("Range"), ""));
    if (!range.matches()) {
      send(context, FrontReplies.empty(HttpResponseStatus.NOT_IMPLEMENTED));
      return;
    }
    var offset = Long.parseLong(range.group(1));
    var count = Long.parseLong(range.group(2)) - offset + 1;
    var sink = new ConnectionSink(context, offset, count);
    var _ =
        store
            .get(request.key(), request.wantedVersion(), offset, count, sink)
            .whenComplete((_, thrown) -> {
              if (thrown != null && sink.started) {
                drop(context);
              } else if (thrown != null) {
                fail(context, request, thrown);
              }
            });
  }

  /** Writes a body as it comes. */
  private static final class ConnectionSink implements BodySink {
    private final ChannelHandlerContext context;
    private final long offset;
    private final long count;
    private volatile boolean started;
    private long written;

    ConnectionSink(ChannelHandlerContext context, long offset, long count) {
      this.context = context;
      this.offset = offset;
      this.count = count;
    }

    @Override
    public void head(ObjectHead head) {
      started = true;
      var response =
          new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.PARTIAL_CONTENT);
      FrontReplies.describe(head, response.headers());
      response.headers().set(HttpHeaderNames.CONTENT_LENGTH, count);
      response
          .headers()
          .set(
              HttpHeaderNames.CONTENT_RANGE,
              "bytes %d-%d/%d".formatted(offset, offset + count - 1, head.version().sizeBytes()));
      send(context, response);
    }

    @Override
    public void data(ByteBuf part) {
      written += part.readableBytes();
      // With the last byte, not after it: the client may use the connection again by then.
      var last = written == count;
      send(context, last ? new DefaultLastHttpContent(part) : new DefaultHttpContent(part));
    }
  }

  static <T> void reply(
      ChannelHandlerContext context,
      FrontRequest request,
      CompletionStage<T> stage,
      Function<T, FullHttpResponse> answer) {
    var _ =
        stage.whenComplete((value, thrown) -> {
          if (thrown == null) {
            send(context, answer.apply(value));
          } else {
            fail(context, request, thrown);
          }
        });
  }

  private static void fail(ChannelHandlerContext context, FrontRequest request, Throwable thrown) {
    var cause = thrown instanceof CompletionException ? thrown.getCause() : thrown;
    if (cause instanceof ObjectStoreException failed
        && !(failed.failure() instanceof BackendFailure.Unreachable)) {
      send(context, FrontReplies.error(failed.failure(), hasBody(request)));
    } else {
      drop(context);
    }
  }

  /** Nobody waits for a write: where it fails the connection is gone, and the client sees that. */
  static void send(ChannelHandlerContext context, Object message) {
    if (message instanceof HttpResponse response) {
      // As S3 does; besides, CRT does not report the status of a reply without any header.
      response.headers().set("x-amz-request-id", Long.toHexString(REQUESTS.incrementAndGet()));
    }
    var _ = context.writeAndFlush(message);
  }

  private static void drop(ChannelHandlerContext context) {
    var _ = context.close();
  }

  private static boolean hasBody(FrontRequest request) {
    return !request.method().name().equals("HEAD");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    drop(context);
  }
}
