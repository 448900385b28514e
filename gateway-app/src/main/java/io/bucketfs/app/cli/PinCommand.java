package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.admin.KeepRequest;
import io.bucketfs.app.config.ByteSizes;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Keeps local copies. */
@CommandLine.Command(
    name = "pin",
    description = {
      "Keeps files on the local disk: they are neither evicted nor do they expire.",
      "A directory keeps what comes to it later, too. What is not here yet is fetched. Pins may hold"
          + " three tenths of the cache. Without a path it lists what is pinned."
    },
    footer = {"%nExamples:", "  bucketfs pin my-data/models", "  bucketfs pin"})
final class PinCommand extends OrderCommand {
  @Parameters(
      arity = "0..*",
      paramLabel = "NAME[/PATH]",
      description = "A mount, or a path inside one.")
  List<String> targets = List.of();

  @Option(names = "--no-fetch", description = "Do not fetch what is not here.")
  boolean noFetch;

  PinCommand(CliContext context) {
    super(context);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    if (targets.isEmpty()) {
      return list();
    }
    var request = new KeepRequest(places(targets));
    var answer = client().keep("pin", request, _ -> {});
    var outcome = answer.value();
    var sentence =
        "%,d files with %s are pinned"
            .formatted(outcome.files(), ByteSizes.format(outcome.bytes()));
    if (noFetch || outcome.failed() > 0) {
      return end(answer, sentence + ".");
    }
    var fetched = client().keep("warm", request, this::tell);
    return end(
        fetched,
        "%s; %s were fetched.".formatted(sentence, ByteSizes.format(fetched.value().bytes())));
  }

  private int list() throws IOException, NotRunningException, RefusedException {
    var answer = client().pins();
    if (json) {
      out().print(answer.json());
      return ExitCode.OK;
    }
    var table = new Table("PATH", "SIZE WHEN PINNED", "SINCE");
    for (var pin : answer.value().pins()) {
      var path = "/" + pin.mount() + (pin.path().equals("/") ? "" : pin.path());
      var since = pin.since();
      table.add(
          path,
          since == null ? "unknown" : ByteSizes.format(pin.bytes()),
          since == null ? "unknown" : since);
    }
    table.print(out());
    out().println("Pins may hold " + ByteSizes.format(answer.value().bytesMax()) + ".");
    return ExitCode.OK;
  }
}
