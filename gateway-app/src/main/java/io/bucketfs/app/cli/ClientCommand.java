package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient;
import io.bucketfs.app.admin.StateFiles;
import io.bucketfs.app.config.ConfigKey;
import io.bucketfs.app.config.ConfigReader;
import io.bucketfs.app.config.Problems;
import java.io.PrintWriter;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What all commands share that talk to a running gateway. */
abstract class ClientCommand implements Command {
  @Option(
      names = "--state",
      paramLabel = "DIR",
      description = {
        "State directory of the gateway.",
        "Default: $BUCKETFS_STATE, else /var/lib/bucketfs for root,",
        "else ~/.local/share/bucketfs."
      })
  @Nullable String state;

  private final CliContext context;

  ClientCommand(CliContext context) {
    this.context = context;
  }

  AdminClient client() {
    Map<ConfigKey, String> options = state == null ? Map.of() : Map.of(ConfigKey.STATE, state);
    var reader =
        new ConfigReader(options, context.environment(), context.machine(), new Problems());
    return new AdminClient(new StateFiles(reader.state()));
  }

  CliContext context() {
    return context;
  }

  PrintWriter out() {
    return context.out();
  }
}
