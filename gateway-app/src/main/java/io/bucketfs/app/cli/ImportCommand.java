package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.admin.ImportRequest;
import io.bucketfs.app.config.ByteSizes;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Copies a local tree into a mount. */
@CommandLine.Command(
    name = "import",
    description = {
      "Copies what is in a directory of the gateway's machine into a mount.",
      "Owners, modes, times, extended attributes, links and holes come along. Files that are there"
          + " with the same size and time are passed over, so that it goes on where it was"
          + " interrupted. Nothing is deleted."
    },
    footer = {"%nExample:", "  bucketfs import my-data/home --from /srv/home"})
final class ImportCommand extends OrderCommand {
  @Parameters(
      paramLabel = "NAME[/PATH]",
      description = "Where to; a directory that is not there is made.")
  String target = "";

  @Option(names = "--from", required = true, paramLabel = "DIR", description = "What to copy.")
  @Nullable Path from;

  ImportCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    if (from == null) {
      throw new IllegalStateException("picocli asks for --from");
    }
    var source = from.toAbsolutePath().normalize().toString();
    var answer = client().copyIn(new ImportRequest(place(target), source), this::tell);
    var outcome = answer.value();
    return end(
        answer,
        "%,d files were copied, with %s."
            .formatted(outcome.files(), ByteSizes.format(outcome.bytes())));
  }
}
