package io.bucketfs.nfs.export;

import io.bucketfs.core.access.ClientAddress;
import io.bucketfs.core.vfs.FileSystem;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the pseudo-root holds, read anew whenever mounts or their rules change. Thread-safe. */
public final class ExportTable {
  private final FileSystem fileSystem;
  private volatile Snapshot snapshot;

  private record Snapshot(
      long change,
      List<Published> sorted,
      LongObjectMap<Published> byPosition,
      Map<String, Published> byName) {}

  public ExportTable(FileSystem fileSystem) {
    this.fileSystem = fileSystem;
    snapshot = load(fileSystem);
  }

  private static Snapshot load(FileSystem fileSystem) {
    // The counter first: a change in between is then seen as one more change, not missed.
    var change = fileSystem.exportsChange();
    var sorted = new ArrayList<Published>();
    for (var export : fileSystem.exports()) {
      sorted.add(Published.of(export));
      for (var sub : export.access().subExports()) {
        sorted.add(Published.of(export, sub));
      }
    }
    sorted.sort(Comparator.comparingLong(Published::position));
    var byPosition = new LongObjectHashMap<Published>();
    var byName = new HashMap<String, Published>();
    for (var entry : sorted) {
      byPosition.put(entry.position(), entry);
      byName.put(entry.name(), entry);
    }
    return new Snapshot(change, List.copyOf(sorted), byPosition, byName);
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

  /** What a client sees in the pseudo-root, in the order in which it is listed. */
  public List<Grant> visibleTo(ClientAddress client) {
    return current().sorted.stream()
        .map(entry -> entry.grantTo(client))
        .filter(Objects::nonNull)
        .toList();
  }

  /** The mount or sub-export that a handle came through, or null where it is gone. */
  public @Nullable Published of(Handle.Node node) {
    return current().byPosition.get(Published.position(node.id().mount(), node.via()));
  }

  /** What a client may do behind a name in the pseudo-root, or null where it sees none. */
  public @Nullable Grant byName(String name, ClientAddress client) {
    var entry = current().byName.get(name);
    return entry == null ? null : entry.grantTo(client);
  }

  /** The change attribute of the pseudo-root. */
  public long change() {
    return current().change;
  }
}
