package io.bucketfs.app.event;

import io.bucketfs.core.admin.Administration.ObjectEvent;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the notifications of S3, MinIO and Ceph ({@code Records}, keys encoded as in a form), of
 * EventBridge ({@code detail}) and of R2 ({@code object}). What is no event of an object, such as a
 * store's test, holds none.
 */
final class EventNotification {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private EventNotification() {}

  /** Says that a text is no notification. */
  static final class BadNotificationException extends Exception {
    BadNotificationException(String message) {
      super(message);
    }
  }

  static List<ObjectEvent> parse(String text) throws BadNotificationException {
    JsonNode root;
    try {
      root = MAPPER.readTree(text);
    } catch (JacksonException e) {
      throw new BadNotificationException("no JSON: " + e.getOriginalMessage());
    }
    if (!root.isObject()) {
      throw new BadNotificationException("no JSON object");
    }
    var events = new ArrayList<ObjectEvent>();
    if (root.path("Records").isArray()) {
      for (var item : root.path("Records")) {
        var s3 = item.path("s3");
        add(events, s3.path("bucket").path("name"), s3.path("object"), true);
      }
    } else if (root.path("detail").isObject()) {
      var detail = root.path("detail");
      add(events, detail.path("bucket").path("name"), detail.path("object"), false);
    } else {
      add(events, root.path("bucket"), root.path("object"), false);
    }
    return events;
  }

  private static void add(
      List<ObjectEvent> events, JsonNode bucket, JsonNode object, boolean isEncoded)
      throws BadNotificationException {
    var name = text(bucket);
    var key = text(object.path("key"));
    if (name == null || key == null) {
      return;
    }
    var etag = text(object.path("eTag"));
    events.add(
        new ObjectEvent(
            name, isEncoded ? decoded(key) : key, etag == null ? text(object.path("etag")) : etag));
  }

  private static @Nullable String text(JsonNode node) {
    return node.isString() && !node.asString().isEmpty() ? node.asString() : null;
  }

  private static String decoded(String key) throws BadNotificationException {
    try {
      return URLDecoder.decode(key, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      throw new BadNotificationException("a key is not encoded as in a URL");
    }
  }
}
