package io.bucketfs.app.cli;

import io.bucketfs.app.config.ByteSizes;
import io.bucketfs.app.config.ConfigKey;
import io.bucketfs.app.config.ConfigReader;
import io.bucketfs.app.config.Problems;
import io.bucketfs.app.gateway.RebuiltState;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Rebuilds damaged metadata. */
@CommandLine.Command(
    name = "rebuild",
    description = {
      "Rebuilds the metadata of a stopped gateway where they are damaged.",
      "It takes a checkpoint and the log since, so that as a rule nothing is missing. What was damaged"
          + " is kept beside."
    },
    footer = {"%nExample:", "  bucketfs rebuild --state /var/lib/bucketfs"})
final class RebuildCommand implements Command {
  @Option(
      names = "--state",
      paramLabel = "DIR",
      description = {
        "State directory of the gateway.",
        "Default: $BUCKETFS_STATE, else /var/lib/bucketfs for root,",
        "else ~/.local/share/bucketfs."
      })
  @Nullable String state;

  @Option(
      names = "--empty",
      description = {
        "Where no checkpoint can be used, begin with empty metadata:",
        "mounts have to be created again, and all data that were written",
        "here are put into files without names."
      })
  boolean empty;

  private final CliContext context;

  RebuildCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public int run() throws IOException {
    Map<ConfigKey, String> options = state == null ? Map.of() : Map.of(ConfigKey.STATE, state);
    var reader =
        new ConfigReader(options, context.environment(), context.machine(), new Problems());
    print(RebuiltState.make(reader.state(), empty));
    return ExitCode.OK;
  }

  private void print(RebuiltState rebuilt) {
    var out = context.out();
    rebuilt.failures().forEach(failure -> out.println("Not usable: " + failure));
    if (rebuilt.checkpoint() == 0) {
      out.println("The metadata begin empty. Create the mounts again.");
    } else if (rebuilt.whole()) {
      out.printf(
          "Rebuilt the metadata from checkpoint %d and the whole log since: nothing is missing.%n",
          rebuilt.checkpoint());
    } else {
      out.printf(
          "Rebuilt the metadata from checkpoint %d and the log up to its damage: later changes of"
              + " names and attributes are missing.%n"
              + "Compare with the bucket: bucketfs refresh NAME -r, bucketfs check.%n",
          rebuilt.checkpoint());
    }
    if (rebuilt.recoveredFiles() > 0) {
      out.printf(
          "%d files of which no name is known (%s) are in %s. Some may have been deleted before, or"
              + " be in the bucket.%n",
          rebuilt.recoveredFiles(),
          ByteSizes.format(rebuilt.recoveredBytes()),
          rebuilt.recovered());
    }
    out.printf(
        "The metadata of before are in %s. Remove them once the gateway runs and `bucketfs check`"
            + " finds nothing.%n",
        rebuilt.damaged());
  }
}
