package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.Answer;
import io.bucketfs.app.config.ByteSizes;
import io.bucketfs.core.admin.KeepOrders.Place;
import io.bucketfs.core.residency.Progress;
import io.bucketfs.core.residency.Residency.Outcome;
import java.util.List;
import picocli.CommandLine.Option;

/** What orders have in common that take long: their progress, and what failed. */
abstract class OrderCommand extends ClientCommand {
  @Option(
      names = {"-q", "--quiet"},
      description = "Do not tell how far it is.")
  boolean quiet;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  OrderCommand(CliContext context) {
    super(context);
  }

  static List<Place> places(List<String> targets) {
    return targets.stream().map(OrderCommand::place).toList();
  }

  static Place place(String target) {
    var path = MountPath.parse(target);
    return new Place(path.mount(), path.path());
  }

  /** Prints how far an order is. */
  void tell(Progress.State state) {
    if (!quiet && !json) {
      context()
          .err()
          .printf(
              "%,d of %,d files, %s of %s%n",
              state.files(),
              state.filesAll(),
              ByteSizes.format(state.bytes()),
              ByteSizes.format(state.bytesAll()));
      context().err().flush();
    }
  }

  /** Prints what came of an order; the exit code. */
  int end(Answer<Outcome> answer, String sentence) {
    var outcome = answer.value();
    if (json) {
      out().print(answer.json());
    } else {
      out().println(sentence);
      outcome
          .failures()
          .forEach(failure ->
              context().err().println(Table.clean(failure.path()) + ": " + failure.reason()));
      if (outcome.failed() > outcome.failures().size()) {
        context().err().println("And " + (outcome.failed() - outcome.failures().size()) + " more.");
      }
    }
    return outcome.failed() == 0 ? ExitCode.OK : ExitCode.FAILED;
  }
}
