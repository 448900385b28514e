package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Lists the mounts. */
@CommandLine.Command(
    name = "list",
    description = "Lists the mounts and what is dirty in them.",
    footer = {"%nExample:", "  bucketfs mount list --json"})
final class MountListCommand extends ClientCommand {
  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  MountListCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var answer = client().mounts();
    if (json) {
      out().print(answer.json());
    } else {
      MountPrinter.list(out(), List.of(answer.value()));
    }
    return ExitCode.OK;
  }
}
