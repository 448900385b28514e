package io.bucketfs.cache.sim;

import io.bucketfs.core.vfs.FileId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a file must hold: what is stable for sure, and what was acknowledged on top of it. */
final class FileModel {
  private record UnstableWrite(int offset, byte[] data) {}

  final FileId id;
  private byte[] acknowledged;
  private byte[] stable;
  private final List<UnstableWrite> unstable;

  FileModel(FileId id, byte[] bytes) {
    this.id = id;
    acknowledged = bytes;
    stable = bytes;
    unstable = new ArrayList<>();
  }

  private FileModel(FileModel from) {
    id = from.id;
    acknowledged = from.acknowledged;
    stable = from.stable;
    unstable = new ArrayList<>(from.unstable);
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
