package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists renames and removals of many objects. */
@CommandLine.Command(
    name = "jobs",
    description = {
      "Lists the renames of directories, and the removals, that are being brought to the buckets.",
      "For clients they are done; a gateway that is stopped goes on with them when it is started."
    },
    footer = {"%nExample:", "  bucketfs jobs my-data"})
final class JobsCommand extends ClientCommand {
  @Parameters(index = "0", arity = "0..1", paramLabel = "NAME", description = "Only this mount.")
  @Nullable String name;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  JobsCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var answer = client().jobs(name == null ? null : MountPath.parse(name).mount());
    if (json) {
      out().print(answer.json());
    } else {
      ReportPrinter.jobs(out(), List.of(answer.value()), context().now());
    }
    return ExitCode.OK;
  }
}
