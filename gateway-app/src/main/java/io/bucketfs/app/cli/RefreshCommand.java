package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.admin.RefreshRequest;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Looks for what others changed in the bucket. */
@CommandLine.Command(
    name = "refresh",
    description = {
      "Compares a file or directory with the bucket and shows what others changed there.",
      "Everything that changed is taken over, whatever --import-changes of the mount says."
    },
    footer = {"%nExample:", "  bucketfs refresh my-data/results -r"})
final class RefreshCommand extends ClientCommand {
  @Parameters(paramLabel = "NAME[/PATH]", description = "A mount, or a path inside one.")
  String target = "";

  @Option(
      names = {"-r", "--recursive"},
      description = "Go on with the directories below that were used before.")
  boolean recursive;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  RefreshCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var path = MountPath.parse(target);
    var answer = client().refresh(new RefreshRequest(path.mount(), path.path(), recursive));
    if (json) {
      out().print(answer.json());
    } else {
      var found = answer.value();
      out()
          .println(
              "%d new, %d changed, %d deleted."
                  .formatted(found.created(), found.changed(), found.deleted()));
    }
    return ExitCode.OK;
  }
}
