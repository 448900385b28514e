package io.bucketfs.bench.many;

import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.store.Committer;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.MetadataCache;
import io.bucketfs.core.store.RecordWriter;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.store.Tx;
import io.bucketfs.core.store.Usage;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Makes a state directory as it is after so many files of a bucket were read to their ends: the
 * metadata through the real store and its transactions, 1,000 files to a directory and 1,000
 * directories to one above, all bytes in the index. The bytes themselves are not there: the extent
 * files have their lengths and are sparse.
 */
public final class DescribeFiles {
  private static final int FILES_A_DIRECTORY = 1_000;
  private static final long EXTENT_FILE_BYTES = 64L << 20;
  private static final int HEADER_BYTES = 4_096;
  private static final long FIRST_EXTENT_FILE = 1_000;
  private static final long CACHED_ENTRIES = 10_000;
  private static final int PROGRESS = 1_000_000;

  private final int mount;
  private final int fileBytes;
  private long extentFile = FIRST_EXTENT_FILE;
  private long position;

  private DescribeFiles(int mount, int fileBytes) {
    this.mount = mount;
    this.fileBytes = fileBytes;
  }

  /** Arguments: folder, number of files, bytes of each that are described as cached. */
  public static void main(String[] arguments) throws Exception {
    var folder = Path.of(arguments[0]);
    var files = Long.parseLong(arguments[1]);
    var mount = createMount(folder);
    var describe = new DescribeFiles(mount, Integer.parseInt(arguments[2]));
    var begin = System.nanoTime();
    try (var state = new OpenState(folder)) {
      describe.describe(state, files);
    }
    describe.makeExtentFiles(folder);
    System.out.printf(
        "%,d files with %,d MiB in %,d extent files described in %d s%n",
        files,
        (files * describe.fileBytes) >> 20,
        describe.extentFile - FIRST_EXTENT_FILE + 1,
        (System.nanoTime() - begin) / 1_000_000_000);
  }

  private static int createMount(Path folder) throws Exception {
    try (var state = new OpenState(folder);
        var gateway = state.openGateway()) {
      var location =
          new BucketLocation(
              OpenState.BUCKET,
              "us-east-1",
              "http://127.0.0.1:1",
              true,
              new Credentials.Anonymous());
      // The bucket that is said to hold all this is nowhere, and is not asked.
      var policy =
          Mount.Policy.DEFAULT.withRefresh(
              new RefreshPolicy(null, false, RefreshPolicy.Imported.ALL));
      return gateway
          .administration()
          .createMount(new MountRequest("bench", location, "", policy))
          .mount()
          .number();
    }
  }

  private void describe(OpenState state, long files) throws Exception {
    var store = state.local.tier().metadata();
    var cache = new MetadataCache(store, CACHED_ENTRIES);
    var committer = new Committer(store, cache, state.execution, Meters.NONE);
    try {
      var usage = Objects.requireNonNull(store.get(Family.USAGE, Keys.mount(mount)));
      committer.usages().begin(mount, Usage.decode(usage));
      var above = new InodeKey(mount, FileId.ROOT_INODE);
      for (var made = 0L; made < files; made += FILES_A_DIRECTORY) {
        var number = made / FILES_A_DIRECTORY;
        if (number % FILES_A_DIRECTORY == 0) {
          var root = new InodeKey(mount, FileId.ROOT_INODE);
          var name = "part-" + number / FILES_A_DIRECTORY;
          above = committer.apply(tx -> makeDirectory(tx, root, name).key);
        }
        var parent = above;
        var key = "part-" + number / FILES_A_DIRECTORY + "/d" + number + "/f";
        var count = (int) Math.min(FILES_A_DIRECTORY, files - made);
        committer.apply(tx -> {
          var directory = makeDirectory(tx, parent, "d" + number);
          for (var i = 0; i < count; i++) {
            makeFile(tx, directory, key + i, "f" + i);
          }
          tx.put(directory.freeze());
          return true;
        });
        if (made % PROGRESS == 0) {
          System.out.printf("%,d of %,d files%n", made, files);
        }
      }
    } finally {
      committer.close();
    }
  }

  private Inode.Edit makeDirectory(Tx tx, InodeKey parent, String name) throws IOException {
    var above = Objects.requireNonNull(tx.inode(parent)).edit();
    var made = new Inode.Edit(new InodeKey(mount, tx.newInode(mount)), FileType.DIRECTORY);
    made.mode = 0755;
    made.links = 2;
    made.parent = parent.number();
    made.name = name;
    made.imported = true;
    made.times(tx.nowNanos());
    above.links++;
    above.imported = true;
    tx.putDirent(above, name, made.key.number());
    tx.put(above.freeze());
    tx.put(made.freeze());
    return made;
  }

  private void makeFile(Tx tx, Inode.Edit directory, String key, String name) throws IOException {
    var file = new Inode.Edit(new InodeKey(mount, tx.newInode(mount)), FileType.FILE);
    var version = new ObjectVersion("\"e\"", fileBytes, Instant.EPOCH, null);
    var content = Content.imported(tx.newContent(), key, version);
    file.mode = 0644;
    file.sizeBytes = fileBytes;
    file.content = content;
    file.times(tx.nowNanos());
    var inode = file.freeze();
    tx.put(inode);
    tx.putDirent(directory, name, file.key.number());
    tx.putRemote(
        mount,
        key,
        new RemoteEntry(version, file.key.number(), content.id(), 0, 1, Map.of(), null));
    if (position + HEADER_BYTES + fileBytes > EXTENT_FILE_BYTES) {
      extentFile++;
      position = 0;
    }
    var blocks = (fileBytes + ExtentRecord.BLOCK_BYTES - 1) / ExtentRecord.BLOCK_BYTES;
    var record =
        new ExtentRecord(extentFile, position, fileBytes, mount, content.id(), 0, new int[blocks]);
    position += HEADER_BYTES + fileBytes;
    tx.putExtent(inode.key(), content.id(), new Extent(0, fileBytes, 0, record, 0));
    var today = Math.toIntExact(Instant.now().getEpochSecond() / 86_400);
    tx.put(
        Family.READS,
        Keys.inode(mount, file.key.number()),
        new RecordWriter(4).i32(today).toBytes());
  }

  private void makeExtentFiles(Path folder) throws IOException {
    for (var number = FIRST_EXTENT_FILE; number <= extentFile; number++) {
      var file = folder.resolve("extents").resolve(String.format(Locale.ROOT, "%012d.f", number));
      try (var opened = new RandomAccessFile(file.toFile(), "rw")) {
        opened.setLength(EXTENT_FILE_BYTES);
      }
    }
  }
}
