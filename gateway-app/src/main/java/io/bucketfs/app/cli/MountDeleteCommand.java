package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Deletes a mount. */
@CommandLine.Command(
    name = "delete",
    description = "Stops serving a mount. The bucket is not touched.",
    footer = {"%nExample:", "  bucketfs flush my-data --wait", "  bucketfs mount delete my-data"})
final class MountDeleteCommand extends ClientCommand {
  @Parameters(paramLabel = "NAME", description = "The mount, with or without a leading slash.")
  String name = "";

  @Option(names = "--force", description = "Also where changes are lost that are not yet in S3.")
  boolean force;

  MountDeleteCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var mount = MountPath.parse(name).mount();
    client().deleteMount(mount, force);
    out().println("Mount /" + mount + " is gone; its bucket was not touched.");
    return ExitCode.OK;
  }
}
