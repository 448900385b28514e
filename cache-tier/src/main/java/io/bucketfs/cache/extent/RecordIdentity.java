package io.bucketfs.cache.extent;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.local.Disk.DiskFile;
import io.bucketfs.core.local.ExtentRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Makes sure that what is read is the record that is meant. Which one lies at a place is looked at
 * once, and again where that was forgotten.
 */
final class RecordIdentity {
  /** Records whose header has been compared. */
  private static final int IDENTIFIED_MAX = 20_000;

  private static final int[] NO_PAGES = {};

  /**
   * What the checksums of a record's pages take besides themselves: key, array, Caffeine's node.
   */
  private static final int ENTRY_BYTES = 160;

  private final Cache<Place, Boolean> identified =
      Caffeine.newBuilder().maximumSize(IDENTIFIED_MAX).executor(Runnable::run).build();

  private final Cache<Place, int[]> pages;

  /**
   * @param pageBytesMax memory for the checksums of pages
   */
  RecordIdentity(long pageBytesMax) {
    pages =
        Caffeine.newBuilder()
            .maximumWeight(pageBytesMax)
            .weigher((Place _, int[] sums) -> ENTRY_BYTES + sums.length * Integer.BYTES)
            .executor(Runnable::run)
            .build();
  }

  private record Place(long file, long position) {
    static Place of(ExtentRecord record) {
      return new Place(record.file(), record.position());
    }
  }

  /** Reads the header, unless that was done. */
  void require(ExtentRecord record, DiskFile handle) throws IOException {
    if (identified.getIfPresent(Place.of(record)) == null) {
      requireNow(record, handle);
    }
  }

  /** Reads the header. */
  void requireNow(ExtentRecord record, DiskFile handle) throws IOException {
    require(record, head(record, handle, RecordHeader.bytes(record.length())));
  }

  private static ByteBuffer head(ExtentRecord record, DiskFile handle, int bytes)
      throws IOException {
    var source = ByteBuffer.allocate(bytes);
    handle.read(record.position(), source);
    return source.flip();
  }

  /** Compares the header that was read. */
  void require(ExtentRecord record, ByteBuffer source) throws IOException {
    var header = RecordHeader.decode(source, record.file(), record.position());
    if (header == null
        || header.record().mount() != record.mount()
        || header.record().content() != record.content()
        || header.record().sequence() != record.sequence()
        || header.record().length() != record.length()
        || !Arrays.equals(header.record().checksums(), record.checksums())) {
      throw new CorruptExtentException("not the record asked for: " + describe(record));
    }
    identified.put(Place.of(record), true);
  }

  /**
   * The checksums of the pages of a record, whose header is compared with that.
   *
   * @return none where the record has none, or where they do not fit those of its blocks
   */
  int[] pages(ExtentRecord record, DiskFile handle) throws IOException {
    var known = pages.getIfPresent(Place.of(record));
    if (known != null) {
      return known;
    }
    var found = NO_PAGES;
    if (RecordHeader.pages(record.length()) > 0) {
      var head = head(record, handle, RecordHeader.headBytes(record.length()));
      require(record, head);
      found = fitting(record, RecordHeader.decodePages(head, record.length()));
    }
    pages.put(Place.of(record), found);
    return found;
  }

  /** The same as far as memory has them: none otherwise. */
  int[] knownPages(ExtentRecord record) {
    var known = pages.getIfPresent(Place.of(record));
    return known == null ? NO_PAGES : known;
  }

  private static int[] fitting(ExtentRecord record, int... sums) {
    var perBlock = ExtentRecord.BLOCK_BYTES / PageChecksums.PAGE_BYTES;
    for (var block = 0; block < record.checksums().length; block++) {
      var from = block * perBlock;
      var to = Math.min(from + perBlock, sums.length);
      if (PageChecksums.joined(sums, from, to) != record.checksums()[block]) {
        return NO_PAGES;
      }
    }
    return sums;
  }

  static String describe(ExtentRecord record) {
    return "record at %d in extent file %d, content %d of mount %d"
        .formatted(record.position(), record.file(), record.content(), record.mount());
  }
}
