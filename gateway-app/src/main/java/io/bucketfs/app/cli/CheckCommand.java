package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.admin.CheckRequest;
import io.bucketfs.app.config.ByteSizes;
import io.bucketfs.core.check.CheckReport;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Verifies the local state. */
@CommandLine.Command(
    name = "check",
    description = {
      "Verifies the local state of a gateway while clients use it.",
      "It looks at names, link counts, extents, references, checksums of all data, the dirty queue"
          + " and counters, and ends with 1 where something is wrong."
    },
    footer = {"%nExamples:", "  bucketfs check", "  bucketfs check my-data --index-only"})
final class CheckCommand extends ClientCommand {
  @Parameters(arity = "0..1", paramLabel = "NAME", description = "Only this mount.")
  @Nullable String name;

  @Option(names = "--index-only", description = "Leave the data themselves unread: faster.")
  boolean indexOnly;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  CheckCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var mount = name == null ? null : MountPath.parse(name).mount();
    var answer = client().check(new CheckRequest(mount, indexOnly));
    var report = answer.value();
    if (json) {
      out().print(answer.json());
    } else {
      print(report);
    }
    return report.found() == 0 ? ExitCode.OK : ExitCode.FAILED;
  }

  private void print(CheckReport report) {
    out()
        .println(
            "Checked %d inodes, %d names, %d extents, %d records of data (%s)."
                .formatted(
                    report.inodes(),
                    report.names(),
                    report.extents(),
                    report.records(),
                    ByteSizes.format(report.bytes())));
    if (report.found() == 0) {
      out().println("Nothing is wrong.");
      return;
    }
    out().println(report.found() + " things are wrong:");
    var table = new Table("WHAT", "MOUNT", "WHERE", "DETAIL");
    for (var finding : report.findings()) {
      table.add(
          finding.kind(),
          finding.mount().isEmpty() ? "-" : "/" + finding.mount(),
          finding.subject(),
          finding.detail());
    }
    table.print(out());
    if (report.found() > report.findings().size()) {
      out().println((report.found() - report.findings().size()) + " more are not listed.");
    }
  }
}
