package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.config.Durations;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Who uses the gateway. */
@CommandLine.Command(
    name = "clients",
    description = {
      "Lists the NFS clients with their leases, and what they have open and locked.",
      "A client whose lease has expired keeps what it has until another needs it."
    },
    footer = {"%nExample:", "  bucketfs clients"})
final class ClientsCommand extends ClientCommand {
  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  ClientsCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var answer = client().clients();
    if (json) {
      out().print(answer.json());
      return ExitCode.OK;
    }
    var table = new Table("ID", "ADDRESS", "LEASE AGE", "SESSIONS", "OPENS", "LOCKS", "NAME");
    for (var client : answer.value()) {
      var age = Durations.human(Duration.ofSeconds(client.leaseAgeSeconds()));
      table.add(
          client.id(),
          client.address(),
          client.expired() ? age + ", expired" : age,
          client.sessions(),
          client.opens(),
          client.locks(),
          client.name());
    }
    table.print(out());
    return ExitCode.OK;
  }
}
