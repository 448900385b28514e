package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows one mount. */
@CommandLine.Command(
    name = "show",
    description = "Shows the settings and the state of a mount.",
    footer = {"%nExample:", "  bucketfs mount show my-data"})
final class MountShowCommand extends ClientCommand {
  @Parameters(paramLabel = "NAME", description = "The mount, with or without a leading slash.")
  String name = "";

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  MountShowCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var client = client();
    var answer = client.mount(MountPath.parse(name).mount());
    if (json) {
      out().print(answer.json());
    } else {
      var mount = answer.value();
      var command =
          MountPrinter.mountCommand(context().host(), client.status().value(), mount.name());
      MountPrinter.show(out(), mount, command);
    }
    return ExitCode.OK;
  }
}
