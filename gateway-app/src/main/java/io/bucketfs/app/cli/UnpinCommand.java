package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.admin.KeepRequest;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Parameters;

/** Ends what pin began. */
@CommandLine.Command(
    name = "unpin",
    description = "Lets pinned files make way again where room is needed. It drops nothing.",
    footer = {"%nExample:", "  bucketfs unpin my-data/models"})
final class UnpinCommand extends OrderCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "NAME[/PATH]",
      description = "What is pinned, as bucketfs pin lists it.")
  List<String> targets = List.of();

  UnpinCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var answer = client().keep("unpin", new KeepRequest(places(targets)), this::tell);
    return end(answer, answer.value().files() + " pins are gone.");
  }
}
