package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.admin.ClientView;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Takes everything away from a client. */
@CommandLine.Command(
    name = "revoke",
    description = {
      "Takes all open files and locks away from an NFS client, so that others can have them.",
      "Its programs get errors (EIO) for the files that they had open, and what they had written"
          + " and its kernel had not sent yet is lost. The client stays connected, and can open"
          + " files anew at once. Without --yes it only says what would be taken."
    },
    footer = {"%nExample:", "  bucketfs clients", "  bucketfs clients revoke 100000001 --yes"})
final class ClientsRevokeCommand extends ClientCommand {
  @Parameters(paramLabel = "ID", description = "The client, as bucketfs clients lists it.")
  String id = "";

  @Option(names = "--yes", description = "Do it.")
  boolean confirmed;

  ClientsRevokeCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    if (confirmed) {
      out().println("Taken away: " + belongings(client().revoke(id).value().client()));
      return ExitCode.OK;
    }
    for (var client : client().clients().value()) {
      if (client.id().equals(id)) {
        context()
            .err()
            .println("Nothing was taken yet. Say --yes to take away: " + belongings(client));
        return ExitCode.FAILED;
      }
    }
    context().err().println("There is no client " + id + ": bucketfs clients lists them.");
    return ExitCode.FAILED;
  }

  private static String belongings(ClientView client) {
    return client.opens()
        + " open files and "
        + client.locks()
        + " locked ranges of "
        + Table.clean(client.name())
        + " at "
        + Table.clean(client.address())
        + ".";
  }
}
