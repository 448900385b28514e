package io.bucketfs.core.writeback;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The keys that one attempt is at work on. */
final class Claim implements AutoCloseable {
  private final Claims claims;
  private final int mount;
  private final Set<String> keys = ConcurrentHashMap.newKeySet();

  Claim(Claims claims, int mount) {
    this.claims = claims;
    this.mount = mount;
  }

  /** Takes a key unless another attempt has it. */
  boolean take(String key) {
    if (!claims.claim(mount, key, this)) {
      return false;
    }
    keys.add(key);
    return true;
  }

  @Override
  public void close() {
    keys.forEach(key -> claims.release(mount, key, this));
  }
}
