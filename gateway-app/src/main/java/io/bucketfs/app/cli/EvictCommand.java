package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.admin.KeepRequest;
import io.bucketfs.app.config.ByteSizes;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Parameters;

/** Drops local copies. */
@CommandLine.Command(
    name = "evict",
    description = {
      "Drops the local copies of data that S3 has. They are fetched again when somebody reads them.",
      "What is not in S3 yet stays, and what is pinned. Disk space comes back by whole extent files."
    },
    footer = {"%nExample:", "  bucketfs evict my-data/results/2025"})
final class EvictCommand extends OrderCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "NAME[/PATH]",
      description = "A mount, or a path inside one.")
  List<String> targets = List.of();

  EvictCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var answer = client().keep("evict", new KeepRequest(places(targets)), this::tell);
    var outcome = answer.value();
    var sentence = ByteSizes.format(outcome.bytes()) + " were dropped";
    if (outcome.dirtyFiles() > 0) {
      sentence += "; %,d files are not all in S3 yet".formatted(outcome.dirtyFiles());
    }
    if (outcome.pinnedFiles() > 0) {
      sentence += "; %,d files are pinned".formatted(outcome.pinnedFiles());
    }
    return end(answer, sentence + ".");
  }
}
