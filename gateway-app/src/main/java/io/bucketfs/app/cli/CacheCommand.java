package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.config.ByteSizes;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Shows or changes what the local tier may occupy. */
@CommandLine.Command(
    name = "cache",
    description = {
      "Shows what the local tier occupies, or changes what it may occupy, at once.",
      "A smaller size is reached by dropping what S3 has too, and writing back what it has not."
    },
    footer = {"%nExample:", "  bucketfs cache --size 200GiB"})
final class CacheCommand extends ClientCommand {
  @Option(
      names = "--size",
      paramLabel = "SIZE",
      description = "What the local tier may occupy, at least 1GiB.")
  @Nullable String size;

  CacheCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var wanted = size;
    if (wanted == null) {
      var status = client().status().value();
      out()
          .printf(
              "%s of %s in use%n",
              ByteSizes.format(status.diskBytes()), ByteSizes.format(status.diskBytesMax()));
      return ExitCode.OK;
    }
    var now = client().setCache(wanted).value();
    out().printf("The local tier may occupy %s.%n", ByteSizes.format(now.sizeBytes()));
    if (now.untilRestart()) {
      out()
          .println(
              "The gateway was started with a cache-size of its own, which holds again after the"
                  + " next start: change it there too.");
    }
    return ExitCode.OK;
  }
}
