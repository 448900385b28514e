package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Probes the store of a mount again. */
@CommandLine.Command(
    name = "probe",
    description =
        "Probes the store of a mount as mount create does, and goes by what it finds from then on."
            + " After the store was changed or upgraded, or where an older bucketfs probed it.",
    footer = {"%nExample:", "  bucketfs mount probe my-data"})
final class MountProbeCommand extends ClientCommand {
  @Parameters(paramLabel = "NAME", description = "The mount, with or without a leading slash.")
  String name = "";

  @Option(names = "--json", description = "Print the mount as JSON.")
  boolean json;

  MountProbeCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var answer = client().probeMount(MountPath.parse(name).mount());
    if (json) {
      out().print(answer.json());
    } else {
      MountPrinter.probed(out(), answer.value());
    }
    return ExitCode.OK;
  }
}
