package io.bucketfs.nfs;

import io.bucketfs.core.local.Note;
import io.bucketfs.core.local.ProtocolRecords;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;

/** Records that outlive a server, though not the process. */
public final class MemoryRecords implements ProtocolRecords {
  private final ConcurrentHashMap<String, byte[]> records = new ConcurrentHashMap<>();
  private final ConcurrentSkipListMap<byte[], byte[]> notes =
      new ConcurrentSkipListMap<>(Arrays::compareUnsigned);

  /** As if power had been lost. */
  public void loseNotes() {
    notes.clear();
  }

  @Override
  public Map<String, byte[]> all() {
    return Map.copyOf(records);
  }

  @Override
  public CompletionStage<Void> put(String key, byte[] value) {
    records.put(key, value);
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletionStage<Void> remove(String key) {
    records.remove(key);
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public List<Note> notes() {
    return notes.entrySet().stream()
        .map(entry -> new Note(entry.getKey(), entry.getValue()))
        .toList();
  }

  @Override
  public CompletionStage<Void> note(List<Note> changes) {
    changes.forEach(this::note);
    return CompletableFuture.completedFuture(null);
  }

  /** Takes one note, also of a rider. */
  void note(Note note) {
    var value = note.value();
    if (value == null) {
      notes.remove(note.key());
    } else {
      notes.put(note.key(), value);
    }
  }
}
