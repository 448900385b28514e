package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.config.ByteSizes;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Shows or changes what the local tier may occupy, on the disk and in memory. */
@CommandLine.Command(
    name = "cache",
    description = {
      "Shows what the local tier occupies, or changes what it may occupy, at once.",
      "A smaller size is reached by dropping what S3 has too, and writing back what it has not.",
      "Of memory, file data gives way or gets more, up to what the gateway was started with."
    },
    footer = {"%nExamples:", "  bucketfs cache --size 200GiB", "  bucketfs cache --memory 3GiB"})
final class CacheCommand extends ClientCommand {
  @Option(
      names = "--size",
      paramLabel = "SIZE",
      description = "What the local tier may occupy, at least 1GiB.")
  @Nullable String size;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "What the gateway may use of memory, at most what it was started with.")
  @Nullable String memory;

  CacheCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    if (size == null && memory == null) {
      var status = client().status().value();
      out()
          .printf(
              "%s of %s in use%n",
              ByteSizes.format(status.diskBytes()), ByteSizes.format(status.diskBytesMax()));
      return ExitCode.OK;
    }
    var now = client().setCache(size, memory).value();
    if (size != null) {
      out().printf("The local tier may occupy %s.%n", ByteSizes.format(now.sizeBytes()));
      if (now.untilRestart()) {
        printUntilRestart("cache-size");
      }
    }
    if (memory != null) {
      out().printf("The gateway may use %s of memory.%n", ByteSizes.format(now.memoryBytes()));
      if (now.memoryUntilRestart()) {
        printUntilRestart("memory");
      }
    }
    return ExitCode.OK;
  }

  private void printUntilRestart(String key) {
    out()
        .printf(
            "The gateway was started with a %s of its own, which holds again after the next start:"
                + " change it there too.%n",
            key);
  }
}
