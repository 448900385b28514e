package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.admin.FlushRequest;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes back what is dirty. */
@CommandLine.Command(
    name = "flush",
    description = {
      "Writes what is dirty back to S3 without waiting until it is idle.",
      "With --wait it returns once everything that was written before the call is in S3."
    },
    footer = {"%nExample:", "  bucketfs flush my-data/results --wait"})
final class FlushCommand extends ClientCommand {
  @Parameters(paramLabel = "NAME[/PATH]", description = "A mount, or a path inside one.")
  String target = "";

  @Option(names = "--wait", description = "Return when it is done.")
  boolean await;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  FlushCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var path = MountPath.parse(target);
    var answer = client().flush(new FlushRequest(path.mount(), path.path(), await));
    var failing = answer.value().failing();
    if (json) {
      out().print(answer.json());
    } else if (await) {
      out().println((answer.value().files() - failing.size()) + " files are in S3.");
    } else {
      out().println(answer.value().files() + " files are on their way to S3.");
    }
    if (failing.isEmpty()) {
      return ExitCode.OK;
    }
    if (!json) {
      context().err().println(failing.size() + " files cannot be written back:");
      ReportPrinter.dirty(context().err(), failing, context().now());
    }
    return ExitCode.FAILED;
  }
}
