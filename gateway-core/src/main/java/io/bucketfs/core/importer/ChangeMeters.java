package io.bucketfs.core.importer;

import io.bucketfs.core.runtime.Meters;

/** Counts the changes of others that were taken over. */
final class ChangeMeters {
  private final Meters.Counter created;
  private final Meters.Counter changed;
  private final Meters.Counter deleted;

  ChangeMeters(Meters meters) {
    created = meters.counter("import_changes", "kind", "new");
    changed = meters.counter("import_changes", "kind", "changed");
    deleted = meters.counter("import_changes", "kind", "deleted");
  }

  void add(Changes changes) {
    created.add(changes.created());
    changed.add(changes.changed());
    deleted.add(changes.deleted());
  }
}
