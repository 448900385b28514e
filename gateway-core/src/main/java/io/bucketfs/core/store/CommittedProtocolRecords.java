package io.bucketfs.core.store;

import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore;
import io.bucketfs.core.local.ProtocolRecords;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** The protocol's records in the family PROTOCOL. */
public final class CommittedProtocolRecords implements ProtocolRecords {
  private static final int PAGE = 1_024;

  /** Not a mount's: numbers of mounts begin at 1. */
  private static final int OWNER = 0;

  private final Committer committer;
  private final KeyValueStore store;

  public CommittedProtocolRecords(Committer committer, KeyValueStore store) {
    this.committer = committer;
    this.store = store;
  }

  @Override
  public Map<String, byte[]> all() {
    var records = new HashMap<String, byte[]>();
    var from = Keys.mount(OWNER);
    try {
      while (true) {
        var page = store.scan(Family.PROTOCOL, from, null, PAGE);
        for (var entry : page) {
          records.put(Keys.textOf(entry.key()), entry.value());
        }
        if (page.size() < PAGE) {
          return records;
        }
        from = Keys.after(page.getLast().key());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public CompletionStage<Void> put(String key, byte[] value) {
    return committer
        .submit(
            tx -> {
              tx.put(Family.PROTOCOL, Keys.text(OWNER, key), value);
              return true;
            },
            true)
        .thenAccept(_ -> {});
  }

  @Override
  public CompletionStage<Void> remove(String key) {
    return committer
        .submit(
            tx -> {
              tx.delete(Family.PROTOCOL, Keys.text(OWNER, key));
              return true;
            },
            true)
        .thenAccept(_ -> {});
  }
}
