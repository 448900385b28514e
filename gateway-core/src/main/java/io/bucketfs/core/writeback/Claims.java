package io.bucketfs.core.writeback;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Which export is at work on which key: one at a time, so that a job has one owner. Any thread. */
final class Claims {
  private record ObjectName(int mount, String key) {}

  private final Map<ObjectName, Object> owners = new ConcurrentHashMap<>();

  /** Takes a key for an owner, who may have it already; false where another one has it. */
  boolean claim(int mount, String key, Object owner) {
    var present = owners.putIfAbsent(new ObjectName(mount, key), owner);
    return present == null || present.equals(owner);
  }

  void release(int mount, String key, Object owner) {
    owners.remove(new ObjectName(mount, key), owner);
  }
}
