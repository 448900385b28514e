package io.bucketfs.core.check;

import io.bucketfs.core.check.Finding.Kind;
import io.bucketfs.core.local.CorruptExtentException;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.ExtentStore.FileInfo;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** The rules about extents, references to records, extent files and the bytes in them. */
final class ExtentRules {
  private final Search search;
  private final ExtentStore store;
  private final MountTable mounts;
  private long extents;
  private long records;
  private long bytes;

  /** The content whose extents are being visited, and where the last of them ended. */
  private long content;

  private long end;

  /** The extent file whose references are being visited, and what of it was live so far. */
  private long file;

  private long live;
  private @Nullable ExtentRecord verified;

  ExtentRules(Search search, ExtentStore store, MountTable mounts) {
    this.search = search;
    this.store = store;
    this.mounts = mounts;
  }

  long extents() {
    return extents;
  }

  long records() {
    return records;
  }

  long bytes() {
    return bytes;
  }

  /** Where an extent is mapped. */
  private record Place(int mount, long content, long offset) {
    static Place ofExtent(byte[] key) {
      var reader = new RecordReader(key);
      return new Place(reader.i32(), reader.i64(), reader.i64());
    }

    static Place ofReference(byte[] key) {
      var reader = new RecordReader(key);
      reader.i64();
      reader.i64();
      return new Place(reader.i32(), reader.i64(), reader.i64());
    }

    byte[] key() {
      return Keys.extent(mount, content, offset);
    }
  }

  private Finding wrong(Kind kind, Place place, String detail) {
    var mount = mounts.get(place.mount);
    return new Finding(
        kind,
        mount == null ? "" : mount.mount().name(),
        "content " + place.content + " at " + place.offset,
        detail);
  }

  private static Finding wrongFile(Kind kind, long file, String detail) {
    return new Finding(kind, "", "extent file " + file, detail);
  }

  private static @Nullable Extent extent(View view, Place place) throws IOException {
    var value = view.get(Family.EXTENTS, place.key());
    return value == null ? null : Extent.ofEntry(new Entry(place.key(), value));
  }

  // Extents of one mount.

  void extentsOf(int mount) throws IOException, FileSystemException, InterruptedException {
    search.each(
        Family.EXTENTS,
        Keys.mount(mount),
        entry -> {
          extents++;
          var place = Place.ofExtent(entry.key());
          if (place.content != content) {
            content = place.content;
            end = 0;
          }
          if (place.offset < end) {
            search.apply(view -> overlap(view, place));
          }
          end = Math.max(end, Extent.ofEntry(entry).end());
          search.apply(view -> extentAt(view, place));
        });
  }

  /** Whether what begins before a place ends behind it. */
  private @Nullable Finding overlap(View view, Place place) throws IOException {
    if (extent(view, place) == null) {
      return null;
    }
    for (var entry :
        view.scan(
            Family.EXTENTS,
            Keys.extent(place.mount, place.content, 0),
            place.key(),
            Integer.MAX_VALUE)) {
      if (Extent.ofEntry(entry).end() > place.offset) {
        return wrong(Kind.EXTENT, place, "overlaps the extent before it");
      }
    }
    return null;
  }

  private @Nullable Finding extentAt(View view, Place place) throws IOException {
    var extent = extent(view, place);
    if (extent == null) {
      return null;
    }
    if (extent.length() <= 0) {
      return wrong(Kind.EXTENT, place, "is empty");
    }
    var record = extent.record();
    if (record == null) {
      return null;
    }
    if (extent.skip() < 0 || extent.skip() + extent.length() > record.length()) {
      return wrong(Kind.EXTENT, place, "is longer than its record");
    }
    var owner =
        view.get(
            Family.REFERENCES,
            Keys.reference(
                record.file(), record.position(), place.mount, place.content, place.offset));
    if (owner == null) {
      return wrong(Kind.REFERENCE, place, "maps a record that does not know of it");
    }
    var inode = view.inode(new InodeKey(place.mount, new RecordReader(owner).i64()));
    var current = inode == null ? null : inode.content();
    if (current != null && current.id() == place.content) {
      return extent.sequence() > current.sequence()
          ? wrong(Kind.EXTENT, place, "is newer than its file")
          : null;
    }
    return view.get(Family.ORPHANS, Keys.inode(place.mount, place.content)) == null
        ? wrong(Kind.EXTENT, place, "belongs to no file, and nothing is going to free it")
        : null;
  }

  // References, of all mounts or of one.

  /**
   * Visits all references.
   *
   * @param mount only those of this one; 0 for all, and then the counters of files are compared too
   * @param withBytes whether to read the records
   */
  void references(int mount, boolean withBytes)
      throws IOException, FileSystemException, InterruptedException {
    search.each(
        Family.REFERENCES,
        new byte[0],
        entry -> {
          var place = Place.ofReference(entry.key());
          if (mount == 0) {
            count(entry, place);
          }
          if (mount == 0 || mount == place.mount) {
            search.apply(view -> reference(view, entry.key()));
            if (withBytes) {
              verify(place);
            }
          }
        });
    if (mount == 0) {
      endOfFile();
      search.each(
          Family.FILES,
          new byte[0],
          entry -> search.apply(view -> live(view, new RecordReader(entry.key()).i64())));
    }
  }

  private @Nullable Finding reference(View view, byte[] key) throws IOException {
    var owner = view.get(Family.REFERENCES, key);
    if (owner == null) {
      return null;
    }
    var reader = new RecordReader(key);
    var number = reader.i64();
    var position = reader.i64();
    var place = Place.ofReference(key);
    var extent = extent(view, place);
    var record = extent == null ? null : extent.record();
    if (record == null || record.file() != number || record.position() != position) {
      return wrong(Kind.REFERENCE, place, "is a reference of a record that is not mapped there");
    }
    if (hasFile(number)) {
      var inode = new InodeKey(place.mount, new RecordReader(owner).i64());
      return isDayMissing(view, inode, place)
          ? wrong(Kind.LAST_USE, place, "is of a file without a day of its last use")
          : null;
    }
    return wrong(Kind.MISSING_FILE, place, "is in extent file " + number + ", which is not there");
  }

  private static boolean isDayMissing(View view, InodeKey key, Place place) throws IOException {
    var inode = view.inode(key);
    var content = inode == null ? null : inode.content();
    return content != null
        && content.id() == place.content
        && view.get(Family.READS, Keys.inode(key.mount(), key.number())) == null
        && view.get(Family.GATEWAY, Keys.lastReadsComplete()) != null;
  }

  private boolean hasFile(long number) {
    return store.files().stream().anyMatch(info -> info.file() == number);
  }

  private void count(Entry entry, Place place) throws IOException, FileSystemException {
    var number = new RecordReader(entry.key()).i64();
    if (number != file) {
      endOfFile();
      file = number;
      live = 0;
    }
    var extent = extent(search.outside(), place);
    live += extent == null ? 0 : extent.length();
  }

  private void endOfFile() throws IOException, FileSystemException {
    var number = file;
    if (number == 0) {
      return;
    }
    var stored = search.outside().get(Family.FILES, Keys.number(number));
    if (stored == null || new RecordReader(stored).i64() != live) {
      search.apply(view -> live(view, number));
    }
  }

  private static @Nullable Finding live(View view, long number) throws IOException {
    var stored = view.get(Family.FILES, Keys.number(number));
    var kept = stored == null ? 0 : new RecordReader(stored).i64();
    var counted = 0L;
    for (var entry :
        view.scan(
            Family.REFERENCES, Keys.number(number), Keys.number(number + 1), Integer.MAX_VALUE)) {
      var extent = extent(view, Place.ofReference(entry.key()));
      counted += extent == null ? 0 : extent.length();
    }
    return kept == counted
        ? null
        : wrongFile(
            Kind.REFERENCE, number, "has " + counted + " live bytes, and " + kept + " are noted");
  }

  // Bytes.

  private void verify(Place place) throws IOException, FileSystemException, InterruptedException {
    var extent = extent(search.outside(), place);
    var record = extent == null ? null : extent.record();
    if (record == null || !hasFile(record.file())) {
      return;
    }
    if (!record.equals(verified)) {
      var problem = problem(record);
      if (problem == null) {
        verified = record;
        records++;
        bytes += record.length();
        search.rest();
        return;
      }
      search.apply(view -> damage(view, place, record, problem));
    }
  }

  private @Nullable String problem(ExtentRecord record) throws IOException {
    try {
      store.verify(record);
      return null;
    } catch (CorruptExtentException e) {
      return String.valueOf(e.getMessage());
    } catch (NoSuchFileException e) {
      return "its extent file is gone";
    }
  }

  /** What it means that a record is bad, where it is still mapped. */
  private @Nullable Finding damage(View view, Place place, ExtentRecord record, String problem)
      throws IOException {
    var extent = extent(view, place);
    var owner =
        view.get(
            Family.REFERENCES,
            Keys.reference(
                record.file(), record.position(), place.mount, place.content, place.offset));
    if (extent == null || owner == null || !record.equals(extent.record())) {
      return null;
    }
    var inode = view.inode(new InodeKey(place.mount, new RecordReader(owner).i64()));
    var current = inode == null ? null : inode.content();
    if (current == null || current.id() != place.content) {
      return null;
    }
    return current.hasInBase(extent)
        ? wrong(Kind.DAMAGED_COPY, place, problem)
        : wrong(Kind.DAMAGED_DATA, place, problem);
  }

  // Files.

  void files() throws IOException, FileSystemException {
    for (var stray : store.strays()) {
      search.add(
          new Finding(Kind.STRAY_FILE, "", "file " + stray, "is no extent file of this gateway"));
    }
    for (var info : store.files()) {
      search.apply(view -> unused(view, info));
    }
  }

  /** A file in which nothing is mapped has no live bytes either; then it is about to be deleted. */
  private static @Nullable Finding unused(View view, FileInfo info) throws IOException {
    return live(view, info.file());
  }
}
