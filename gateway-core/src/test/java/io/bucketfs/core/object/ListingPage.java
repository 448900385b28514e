package io.bucketfs.core.object;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/**
 * One page of ListObjectsV2. Keys and common prefixes count alike towards the page's size, and a
 * common prefix is skipped as a whole, so that a page costs no more than what it shows.
 */
final class ListingPage {
  private final ObjectStore.ListRequest request;
  private final List<ObjectStore.Entry> entries = new ArrayList<>();
  private final List<String> commonPrefixes = new ArrayList<>();

  ListingPage(ObjectStore.ListRequest request) {
    this.request = request;
  }

  ObjectStore.Listing of(NavigableMap<String, List<StoredObject>> objects)
      throws ObjectStoreException {
    var from = start();
    while (true) {
      var next = firstShown(objects, from);
      if (next == null) {
        return new ObjectStore.Listing(entries, commonPrefixes, null);
      }
      if (entries.size() + commonPrefixes.size() == request.maxKeys()) {
        return new ObjectStore.Listing(entries, commonPrefixes, encode(from));
      }
      var common = commonPrefixOf(next);
      if (common != null) {
        commonPrefixes.add(common);
        from = KeyOrder.afterPrefix(common);
      } else {
        var versions = objects.get(next);
        if (versions != null) {
          entries.add(new ObjectStore.Entry(next, withoutId(versions.getLast().version())));
        }
        from = next + '\0';
      }
    }
  }

  /** The first key at or after the given one that has an object and the prefix. */
  private @Nullable String firstShown(
      NavigableMap<String, List<StoredObject>> objects, String from) {
    for (var entry : objects.tailMap(from, true).entrySet()) {
      if (!entry.getKey().startsWith(request.prefix())) {
        return null;
      }
      if (!entry.getValue().getLast().deleteMarker()) {
        return entry.getKey();
      }
    }
    return null;
  }

  private @Nullable String commonPrefixOf(String key) {
    var delimiter = request.delimiter();
    if (delimiter == null) {
      return null;
    }
    var at = key.indexOf(delimiter, request.prefix().length());
    return at < 0 ? null : key.substring(0, at + delimiter.length());
  }

  private String start() throws ObjectStoreException {
    var continuation = request.continuation();
    if (continuation == null) {
      return request.prefix();
    }
    try {
      return new String(Base64.getUrlDecoder().decode(continuation), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw S3Refusal.rejected("400 InvalidArgument: The continuation token is incorrect");
    }
  }

  private static String encode(String from) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(from.getBytes(StandardCharsets.UTF_8));
  }

  private static ObjectVersion withoutId(ObjectVersion version) {
    return new ObjectVersion(version.etag(), version.sizeBytes(), version.lastModified(), null);
  }
}
