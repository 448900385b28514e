package io.bucketfs.cache;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.RocksDB;
import org.rocksdb.util.Environment;

/**
 * The native library of the metadata store. It comes in a jar, out of which each start unpacks it
 * into a temporary file unless it lies where the JVM looks.
 */
public final class NativeLibrary {
  private static final String NAME = "rocksdb";

  private NativeLibrary() {}

  /** Loads it beside what else a start does, and before it is needed. */
  public static void loadSoon() {
    var _ = Thread.ofPlatform().name("native-library").daemon().start(RocksDB::loadLibrary);
  }

  /** Puts it into a directory that is there, under the name by which the JVM finds it. */
  public static void copyTo(Path directory) throws IOException {
    var resource = Environment.getJniLibraryFileName(NAME);
    try (var bytes = RocksDB.class.getResourceAsStream("/" + resource)) {
      if (bytes == null) {
        throw new FileNotFoundException(resource);
      }
      Files.copy(bytes, directory.resolve(Environment.getSharedLibraryFileName(NAME)));
    }
  }
}
