package io.bucketfs.core.importer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.store.Keys;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The keys that a page of a listing speaks of, those included that it does not show: stored keys
 * from {@code from} to before {@code to}.
 *
 * @param to null for no end
 */
record PageRange(byte[] from, byte @Nullable [] to) {

  /** All keys below a prefix, and the prefix. */
  static PageRange all(int mount, String prefix) {
    var from = Keys.text(mount, prefix);
    return new PageRange(from, Keys.endOfPrefix(from));
  }

  /** The part of this that a page covers which is not the last. */
  PageRange upTo(int mount, ObjectStore.Listing page) {
    var end = from;
    if (!page.entries().isEmpty()) {
      end = Keys.after(Keys.text(mount, page.entries().getLast().key()));
    }
    if (!page.commonPrefixes().isEmpty()) {
      var last = Keys.endOfPrefix(Keys.text(mount, page.commonPrefixes().getLast()));
      end = last == null || Arrays.compareUnsigned(last, end) > 0 ? last : end;
    }
    return new PageRange(from, end);
  }

  /** What follows a part of this. */
  PageRange after(PageRange part) {
    return new PageRange(part.to == null ? from : part.to, to);
  }

  boolean contains(byte[] key) {
    return Arrays.compareUnsigned(key, from) >= 0
        && (to == null || Arrays.compareUnsigned(key, to) < 0);
  }

  /**
   * Whether a page is in the order of UTF-8 and begins in this: only then are keys that it does not
   * show known to be missing.
   */
  boolean isOrdered(int mount, ObjectStore.Listing page) {
    var last = from;
    var isFirst = true;
    for (var entry : page.entries()) {
      var key = Keys.text(mount, entry.key());
      var order = Arrays.compareUnsigned(key, last);
      if (order < 0 || (order == 0 && !isFirst)) {
        return false;
      }
      last = key;
      isFirst = false;
    }
    last = from;
    isFirst = true;
    for (var prefix : page.commonPrefixes()) {
      var key = Keys.text(mount, prefix);
      var order = Arrays.compareUnsigned(key, last);
      if (order < 0 || (order == 0 && !isFirst)) {
        return false;
      }
      last = key;
      isFirst = false;
    }
    return true;
  }

  /** The bytes of a bound behind a prefix: where names of a directory begin or end. */
  static byte[] behind(String prefix, byte[] bound) {
    return Arrays.copyOfRange(bound, Integer.BYTES + prefix.getBytes(UTF_8).length, bound.length);
  }
}
