package io.bucketfs.core.importer;

import io.bucketfs.core.object.ObjectStore;
import java.util.List;

/**
 * What of a listing may have to be taken in. It was found outside of the transaction that does so,
 * which decides again.
 *
 * @param listed what is new, or is not the version that is known
 * @param gone keys of objects that are known and were not listed
 * @param goneUnmapped keys of objects that could not be shown and were not listed
 */
record PageDifference(ObjectStore.Listing listed, List<String> gone, List<String> goneUnmapped) {
  PageDifference {
    gone = List.copyOf(gone);
    goneUnmapped = List.copyOf(goneUnmapped);
  }

  static PageDifference ofListed(ObjectStore.Listing listed) {
    return new PageDifference(listed, List.of(), List.of());
  }

  boolean isEmpty() {
    return listed.entries().isEmpty()
        && listed.commonPrefixes().isEmpty()
        && gone.isEmpty()
        && goneUnmapped.isEmpty();
  }
}
