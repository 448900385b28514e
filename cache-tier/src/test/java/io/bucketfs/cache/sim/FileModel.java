package io.bucketfs.cache.sim;

import io.bucketfs.core.vfs.FileId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a file must hold: what is stable for sure, and what was acknowledged on top of it. */
final class FileModel {
  private record UnstableWrite(int offset, byte[] data) {}

  final FileId id;
  private byte[] acknowledged;
  private byte[] stable;
  private final List<UnstableWrite> unstable;
  private final Map<String, String> xattrs;

  FileModel(FileId id, byte[] bytes) {
    this(id, bytes, Map.of());
  }

  FileModel(FileId id, byte[] bytes, Map<String, String> xattrs) {
    this.id = id;
    acknowledged = bytes;
    stable = bytes;
    unstable = new ArrayList<>();
    this.xattrs = new TreeMap<>(xattrs);
  }

  private FileModel(FileModel from) {
    id = from.id;
    acknowledged = from.acknowledged;
    stable = from.stable;
    unstable = new ArrayList<>(from.unstable);
    xattrs = new TreeMap<>(from.xattrs);
  }

  FileModel copy() {
    return new FileModel(this);
  }

  byte[] bytes() {
    return acknowledged;
  }

  void write(int offset, byte[] data) {
    var next = Arrays.copyOf(acknowledged, Math.max(acknowledged.length, offset + data.length));
    System.arraycopy(data, 0, next, offset, data.length);
    acknowledged = next;
    unstable.add(new UnstableWrite(offset, data));
  }

  void truncate(int size) {
    acknowledged = Arrays.copyOf(acknowledged, size);
    commit();
  }

  /** Extended attributes, which are always stable. */
  Map<String, String> xattrs() {
    return xattrs;
  }

  void punch(int from, int to) {
    var next = acknowledged.clone();
    if (from < next.length) {
      Arrays.fill(next, from, Math.min(to, next.length), (byte) 0);
    }
    acknowledged = next;
    commit();
  }

  void share(byte[] data, int offset) {
    write(offset, data);
    commit();
  }

  void commit() {
    stable = acknowledged;
    unstable.clear();
  }

  /** Whether the file may look like this after a crash. */
  boolean allows(byte[] actual, boolean powerLost) {
    if (!powerLost) {
      return Arrays.equals(actual, acknowledged);
    }
    if (actual.length < stable.length || actual.length > acknowledged.length) {
      return false;
    }
    for (var at = 0; at < actual.length; at++) {
      if (!allows(at, actual[at])) {
        return false;
      }
    }
    return true;
  }

  private boolean allows(int at, byte value) {
    if (value == (at < stable.length ? stable[at] : 0)) {
      return true;
    }
    for (var write : unstable) {
      var inside = at - write.offset;
      if (inside >= 0 && inside < write.data.length && write.data[inside] == value) {
        return true;
      }
    }
    return false;
  }
}
