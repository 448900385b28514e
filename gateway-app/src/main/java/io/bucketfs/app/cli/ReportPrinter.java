package io.bucketfs.app.cli;

import io.bucketfs.app.config.ByteSizes;
import io.bucketfs.app.config.Durations;
import io.bucketfs.core.admin.Administration.ConflictEntry;
import io.bucketfs.core.admin.Administration.DirtyEntry;
import io.bucketfs.core.admin.Administration.JobEntry;
import io.bucketfs.core.admin.Administration.UnmappedEntry;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** How the entries of reports look on a terminal. */
final class ReportPrinter {
  private ReportPrinter() {}

  static void dirty(PrintWriter out, List<DirtyEntry> entries, Instant now) {
    var table = new Table("AGE", "ACTION", "SIZE", "PATH", "REASON");
    for (var entry : entries) {
      var reason = entry.reason();
      table.add(
          Durations.human(Duration.between(entry.since(), now)),
          entry.action(),
          ByteSizes.format(entry.sizeBytes()),
          "/" + entry.mount() + entry.path(),
          reason == null ? "" : reason);
    }
    print(out, table, entries);
  }

  static void jobs(PrintWriter out, List<JobEntry> entries, Instant now) {
    var table = new Table("AGE", "KIND", "STATE", "OBJECTS", "BYTES", "PATH", "REASON");
    for (var entry : entries) {
      var to = entry.to();
      var reason = entry.reason();
      table.add(
          Durations.human(Duration.between(entry.since(), now)),
          entry.kind(),
          entry.state(),
          entry.objects() == 0 ? "-" : entry.objectsDone() + "/" + entry.objects(),
          entry.objects() == 0
              ? "-"
              : ByteSizes.format(entry.bytesDone()) + "/" + ByteSizes.format(entry.bytes()),
          "/" + entry.mount() + entry.path() + (to == null ? "" : " -> " + to),
          reason == null ? "" : reason);
    }
    print(out, table, entries);
  }

  static void conflicts(PrintWriter out, List<ConflictEntry> entries) {
    var table = new Table("TIME", "PATH", "KEPT AT", "REASON");
    for (var entry : entries) {
      table.add(
          entry.time().truncatedTo(ChronoUnit.SECONDS),
          "/" + entry.mount() + entry.path(),
          entry.kept(),
          entry.reason());
    }
    print(out, table, entries);
  }

  static void unmapped(PrintWriter out, List<UnmappedEntry> entries) {
    var table = new Table("MOUNT", "KEY", "REASON");
    for (var entry : entries) {
      table.add("/" + entry.mount(), entry.key(), entry.reason());
    }
    print(out, table, entries);
  }

  private static void print(PrintWriter out, Table table, List<?> entries) {
    if (entries.isEmpty()) {
      out.println("Nothing.");
    } else {
      table.print(out);
    }
  }
}
