package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminApi;
import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.config.Problems;
import io.bucketfs.core.admin.Administration.ConflictEntry;
import io.bucketfs.core.admin.Administration.DirtyEntry;
import io.bucketfs.core.admin.Administration.UnmappedEntry;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists what differs between mounts and buckets. */
@CommandLine.Command(
    name = "report",
    description = {
      "Lists what differs between the mounts and their buckets.",
      "  dirty      not yet in S3, oldest first",
      "  failing    refused by S3 until somebody acts, with the reason",
      "  conflicts  local versions kept in lost+found",
      "  unmapped   keys that cannot be shown as files"
    },
    footer = {"%nExample:", "  bucketfs report failing my-data"})
final class ReportCommand extends ClientCommand {
  private static final List<String> KINDS = List.of("dirty", "failing", "conflicts", "unmapped");

  @Parameters(index = "0", paramLabel = "KIND", description = "dirty|failing|conflicts|unmapped")
  String kind = "";

  @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "Only this mount.")
  @Nullable String name;

  @Option(
      names = "--max",
      paramLabel = "N",
      description = "At most so many entries; default: ${DEFAULT-VALUE}.")
  int max = AdminApi.REPORT_ENTRIES_DEFAULT;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  ReportCommand(CliContext context) {
    super(context);
  }

  @Override
  public void check(Problems problems) {
    if (!kind.isEmpty() && !KINDS.contains(kind)) {
      problems.add(
          "There is no report named '" + kind + "': choose " + String.join(", ", KINDS) + ".");
    }
    if (max < 1 || max > AdminApi.REPORT_ENTRIES_MAX) {
      problems.add("--max must be a number from 1 to " + AdminApi.REPORT_ENTRIES_MAX + ".");
    }
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    switch (kind) {
      case "conflicts" -> {
        var answer = report(ConflictEntry[].class);
        if (!json) {
          ReportPrinter.conflicts(out(), List.of(answer));
        }
      }
      case "unmapped" -> {
        var answer = report(UnmappedEntry[].class);
        if (!json) {
          ReportPrinter.unmapped(out(), List.of(answer));
        }
      }
      default -> {
        var answer = report(DirtyEntry[].class);
        if (!json) {
          ReportPrinter.dirty(out(), List.of(answer), context().now());
        }
      }
    }
    return ExitCode.OK;
  }

  private <T> T report(Class<T> type) throws IOException, NotRunningException, RefusedException {
    var mount = name == null ? null : MountPath.parse(name).mount();
    var answer = client().report(kind, mount, max, type);
    if (json) {
      out().print(answer.json());
    }
    return answer.value();
  }
}
