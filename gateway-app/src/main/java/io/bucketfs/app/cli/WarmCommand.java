package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.Answer;
import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.admin.AdminServer;
import io.bucketfs.app.admin.KeepRequest;
import io.bucketfs.app.config.ByteSizes;
import io.bucketfs.app.config.Problems;
import io.bucketfs.core.residency.Residency.Failure;
import io.bucketfs.core.residency.Residency.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Fetches data before somebody reads them. */
@CommandLine.Command(
    name = "warm",
    description = {
      "Fetches data from S3 to the local disk before somebody reads them.",
      "What does not fit the cache is refused before anything is fetched. It ends with the command."
    },
    footer = {
      "%nExamples:",
      "  bucketfs warm my-data/models",
      "  bucketfs warm --from-file list.txt"
    })
final class WarmCommand extends OrderCommand {
  /** Leaves room for what JSON adds to a path. */
  private static final int BATCH_BYTES_MAX = AdminServer.BODY_BYTES_MAX / 2;

  private static final int PATH_OVERHEAD_BYTES = 64;

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME[/PATH]",
      description = "A mount, or a path inside one.")
  List<String> targets = List.of();

  @Option(
      names = "--from-file",
      paramLabel = "LIST",
      description = {
        "A file with a NAME/PATH on each line. Long lists go in parts, each of which has to fit."
      })
  @Nullable Path list;

  WarmCommand(CliContext context) {
    super(context);
  }

  @Override
  public void check(Problems problems) {
    if (targets.isEmpty() == (list == null)) {
      problems.add("Say what to fetch: NAME[/PATH], or --from-file LIST.");
    }
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var all = list == null ? targets : lines(list);
    var answers = new ArrayList<Answer<Outcome>>();
    for (var batch : batches(all)) {
      answers.add(client().keep("warm", new KeepRequest(places(batch)), this::tell));
    }
    var sum = sum(answers.stream().map(Answer::value).toList());
    var text = answers.size() == 1 ? answers.getFirst().json() : "";
    if (json && answers.size() != 1) {
      answers.forEach(answer -> out().print(answer.json()));
    }
    return end(
        new Answer<>(text, sum),
        "%,d files are here; %s of them were fetched."
            .formatted(sum.files(), ByteSizes.format(sum.bytes())));
  }

  private static List<String> lines(Path list) throws IOException {
    return Files.readAllLines(list).stream().filter(line -> !line.isBlank()).toList();
  }

  private static List<List<String>> batches(List<String> all) {
    var batches = new ArrayList<List<String>>();
    var bytes = BATCH_BYTES_MAX;
    for (var target : all) {
      var size = 2 * target.getBytes(StandardCharsets.UTF_8).length + PATH_OVERHEAD_BYTES;
      if (bytes + size > BATCH_BYTES_MAX) {
        batches.add(new ArrayList<>());
        bytes = 0;
      }
      batches.getLast().add(target);
      bytes += size;
    }
    return batches;
  }

  private static Outcome sum(List<Outcome> outcomes) {
    var files = 0L;
    var bytes = 0L;
    var failed = 0L;
    var failures = new ArrayList<Failure>();
    for (var outcome : outcomes) {
      files += outcome.files();
      bytes += outcome.bytes();
      failed += outcome.failed();
      failures.addAll(outcome.failures());
    }
    return new Outcome(files, bytes, 0, 0, failed, List.copyOf(failures));
  }
}
