package io.bucketfs.app.config;

import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** How a mount looks for changes of others, as people write it. */
public final class RefreshText {
  /** Stands for no interval. */
  public static final String OFF = "off";

  /** Who uses something gets what is known, and the next one what was found. */
  public static final String STALE = "stale-while-revalidate";

  /** Who uses something waits. */
  public static final String STRICT = "strict";

  private static final String NONE = "none";
  private static final String NEW = "new";
  private static final String CHANGED = "changed";
  private static final String DELETED = "deleted";
  private static final Set<String> KINDS = Set.of(NEW, CHANGED, DELETED);

  private RefreshText() {}

  /** The interval. */
  public static String interval(RefreshPolicy policy) {
    var interval = policy.interval();
    return interval == null ? OFF : Durations.format(interval);
  }

  /** The mode. */
  public static String mode(RefreshPolicy policy) {
    return policy.strict() ? STRICT : STALE;
  }

  /** The kinds of changes that are taken over. */
  public static String changes(RefreshPolicy policy) {
    List<String> kinds = new ArrayList<>();
    var imported = policy.imported();
    if (imported.created()) {
      kinds.add(NEW);
    }
    if (imported.changed()) {
      kinds.add(CHANGED);
    }
    if (imported.deleted()) {
      kinds.add(DELETED);
    }
    return kinds.isEmpty() ? NONE : String.join(",", kinds);
  }

  /** Reads the kinds of changes; empty where the text names others. */
  static Optional<Imported> changes(String text) {
    var kinds = new HashSet<String>();
    if (!text.strip().equals(NONE)) {
      for (var kind : text.split(",", -1)) {
        if (!KINDS.contains(kind.strip()) || !kinds.add(kind.strip())) {
          return Optional.empty();
        }
      }
    }
    return Optional.of(
        new Imported(kinds.contains(NEW), kinds.contains(CHANGED), kinds.contains(DELETED)));
  }
}
