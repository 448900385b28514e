package io.bucketfs.nfs.export;

import io.bucketfs.core.vfs.Export;
import io.bucketfs.core.vfs.FileSystem;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The mounts as the pseudo-root shows them, read anew whenever they change. Thread-safe. */
public final class ExportTable {
  private final FileSystem fileSystem;
  private volatile Snapshot snapshot;

  private record Snapshot(
      long change, List<Export> sorted, Map<Integer, Export> byMount, Map<String, Export> byName) {}

  public ExportTable(FileSystem fileSystem) {
    this.fileSystem = fileSystem;
    snapshot = load(fileSystem);
  }

  private static Snapshot load(FileSystem fileSystem) {
    // The counter first: a change in between is then seen as one more change, not missed.
    var change = fileSystem.exportsChange();
    var sorted =
        fileSystem.exports().stream()
            .sorted(Comparator.comparingInt(export -> export.root().mount()))
            .toList();
    var byMount = new HashMap<Integer, Export>();
    var byName = new HashMap<String, Export>();
    for (var export : sorted) {
      byMount.put(export.root().mount(), export);
      byName.put(export.name(), export);
    }
    return new Snapshot(change, sorted, byMount, byName);
  }

  private Snapshot current() {
    var known = snapshot;
    if (known.change == fileSystem.exportsChange()) {
      return known;
    }
    var fresh = load(fileSystem);
    snapshot = fresh;
    return fresh;
  }

  /** The exports by mount number, the order in which the pseudo-root lists them. */
  public List<Export> all() {
    return current().sorted;
  }

  /** The export of a mount, or null. */
  public @Nullable Export byMount(int mount) {
    return current().byMount.get(mount);
  }

  /** The export with a name, or null. */
  public @Nullable Export byName(String name) {
    return current().byName.get(name);
  }

  /** The change attribute of the pseudo-root. */
  public long change() {
    return current().change;
  }
}
