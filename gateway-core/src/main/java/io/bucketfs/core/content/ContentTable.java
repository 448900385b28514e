package io.bucketfs.core.content;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.bucketfs.core.store.InodeKey;
import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The files in use, and a bounded number of those that were lately. A file stays in use while an
 * operation runs on it, while it is open, and while it has unstable writes.
 */
final class ContentTable {
  private final ConcurrentHashMap<InodeKey, FileContent> active = new ConcurrentHashMap<>();
  private final Cache<InodeKey, FileContent> idle;

  /** Kept, since it is called with every read. */
  private final BiFunction<InodeKey, @Nullable FileContent, FileContent> beginUse = this::begin;

  private final BiFunction<InodeKey, @Nullable FileContent, @Nullable FileContent> endUse =
      this::end;

  ContentTable(long idleExtentsMax) {
    idle =
        Caffeine.newBuilder()
            .maximumWeight(idleExtentsMax)
            .weigher((InodeKey _, FileContent content) -> 1 + content.extentCount())
            .executor(Runnable::run)
            .build();
  }

  /** Begins a use; every one ends with {@link #release}. */
  FileContent acquire(InodeKey key) {
    return active.compute(key, beginUse);
  }

  private FileContent begin(InodeKey key, @Nullable FileContent present) {
    var content = present;
    if (content == null) {
      content = idle.asMap().remove(key);
    }
    if (content == null) {
      content = new FileContent(key);
    }
    content.users++;
    return content;
  }

  /** Ends a use. */
  void release(FileContent content) {
    active.compute(content.key, endUse);
  }

  private @Nullable FileContent end(InodeKey key, @Nullable FileContent content) {
    if (content == null) {
      throw new IllegalStateException("released a content that is not in use: " + key);
    }
    content.users--;
    if (content.users > 0 || content.overlay() != null) {
      return content;
    }
    idle.put(key, content);
    return null;
  }

  /** Runs with the file's content, whether it is used otherwise or not. */
  <T> T with(InodeKey key, Function<FileContent, T> action) {
    var content = acquire(key);
    try {
      return action.apply(content);
    } finally {
      release(content);
    }
  }

  /** Lets a file in use forget its extents. */
  void unload(InodeKey key) {
    with(
        key,
        content -> {
          content.unload();
          return content;
        });
  }

  /** The content if it is in use. */
  @Nullable FileContent active(InodeKey key) {
    return active.get(key);
  }

  /** The content if it is in memory, in use or not. */
  @Nullable FileContent present(InodeKey key) {
    var content = active.get(key);
    return content != null ? content : idle.getIfPresent(key);
  }

  /** All files in use. */
  Collection<FileContent> inUse() {
    return active.values();
  }

  /** Forgets a file that is gone, unless it is in use. */
  void forget(InodeKey key) {
    idle.invalidate(key);
  }

  /** Forgets all files of a mount that is gone and that nobody uses. */
  void forget(int mount) {
    idle.asMap().keySet().removeIf(key -> key.mount() == mount);
  }
}
