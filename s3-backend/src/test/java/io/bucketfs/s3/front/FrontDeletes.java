package io.bucketfs.s3.front;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStore.Deletion;
import io.bucketfs.core.object.ObjectVersion;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** DeleteObjects, whose keys all have a tag. */
final class FrontDeletes {
  private static final Pattern OBJECT = Pattern.compile("<Object>(.*?)</Object>", Pattern.DOTALL);

  private FrontDeletes() {}

  static boolean isAbout(FrontRequest request) {
    return request.parameter("delete") != null && request.method().name().equals("POST");
  }

  static void answer(ChannelHandlerContext context, ObjectStore store, FrontRequest request) {
    var objects = objects(request.body().toString(StandardCharsets.UTF_8));
    FrontHandler.reply(
        context,
        request,
        store.deleteMany(objects),
        failures -> FrontReplies.xml(HttpResponseStatus.OK, reply(failures)));
  }

  private static String reply(Map<String, BackendFailure> failures) {
    var xml = new StringBuilder("<DeleteResult>");
    failures.forEach((key, failure) ->
        xml.append("<Error><Key>")
            .append(FrontReplies.escape(key))
            .append("</Key><Code>")
            .append(code(failure))
            .append("</Code><Message>refused</Message></Error>"));
    return xml.append("</DeleteResult>").toString();
  }

  private static String code(BackendFailure failure) {
    return switch (failure) {
      case BackendFailure.Missing _ -> "NoSuchKey";
      case BackendFailure.Conflict _ -> "PreconditionFailed";
      case BackendFailure.Busy _ -> "SlowDown";
      case BackendFailure.Denied _, BackendFailure.Archived _ -> "AccessDenied";
      case BackendFailure.Rejected _ -> "InvalidArgument";
      case BackendFailure.Corrupt _, BackendFailure.Unreachable _ -> "InternalError";
    };
  }

  private static List<Deletion> objects(String xml) {
    var objects = new ArrayList<Deletion>();
    var matcher = OBJECT.matcher(xml);
    while (matcher.find()) {
      var object = matcher.group(1);
      var etag = Objects.requireNonNull(element(object, "ETag"));
      objects.add(
          new Deletion(
              Objects.requireNonNull(element(object, "Key")),
              new ObjectVersion(etag, 0, null, null)));
    }
    return objects;
  }

  private static @Nullable String element(String xml, String name) {
    var matcher =
        Pattern.compile("<" + name + ">(.*?)</" + name + ">", Pattern.DOTALL).matcher(xml);
    return matcher.find() ? text(matcher.group(1)) : null;
  }

  private static String text(String escaped) {
    return escaped
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
  }
}
