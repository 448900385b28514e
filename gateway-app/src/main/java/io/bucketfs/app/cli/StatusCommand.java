package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.admin.NfsView;
import io.bucketfs.app.admin.StatusView;
import io.bucketfs.app.config.ByteSizes;
import io.bucketfs.app.config.Durations;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** How the gateway is doing. */
@CommandLine.Command(
    name = "status",
    description = "Shows how the gateway and its mounts are doing.",
    footer = {"%nExample:", "  bucketfs status"})
final class StatusCommand extends ClientCommand {
  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  StatusCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var answer = client().status();
    if (json) {
      out().print(answer.json());
    } else {
      print(answer.value());
    }
    return ExitCode.OK;
  }

  private void print(NfsView nfs) {
    out()
        .printf(
            "%d clients, %d files open, %d ranges locked%n",
            nfs.clients(), nfs.opens(), nfs.locks());
    var grace = nfs.grace();
    if (grace.active()) {
      out()
          .printf(
              "Grace period after a loss of power, for %s at most: nothing new can be opened.%n",
              Durations.human(Duration.ofSeconds(grace.remainingSeconds())));
      out().printf("Awaited: %s%n", Table.clean(String.join(", ", grace.awaited())));
    }
  }

  private void print(StatusView status) {
    out()
        .printf(
            "bucketfs %s, up for %s, NFS on %s port %d%n",
            status.version(),
            Durations.human(Duration.between(status.started(), context().now())),
            status.listen(),
            status.port());
    out()
        .printf(
            "state %s, %s of %s in use%n",
            status.state(),
            ByteSizes.format(status.diskBytes()),
            ByteSizes.format(status.diskBytesMax()));
    if (status.diskBytesNow() < status.diskBytesMax()) {
      out()
          .printf(
              "The disk has little left: no more than %s can be used now.%n",
              ByteSizes.format(status.diskBytesNow()));
    }
    out()
        .printf(
            "%d dirty files (%s), %d failing%n",
            status.dirtyFiles(), ByteSizes.format(status.dirtyBytes()), status.failing());
    print(status.nfs());
    out().println();
    MountPrinter.list(out(), status.mounts());
    for (var pending : status.pending()) {
      out()
          .printf(
              "%nMount %s of %s is not as the file says: %s%n",
              pending.name(), pending.file(), pending.reason());
    }
  }
}
