package io.bucketfs.app.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** {@code bucketfs} without a command. */
@CommandLine.Command(
    name = "bucketfs",
    description = "An NFSv4.1 gateway in front of S3 buckets.",
    footer = {
      "%nExamples:",
      "  bucketfs demo",
      "  bucketfs serve --state /var/lib/bucketfs",
      "  bucketfs mount create --bucket my-data --region us-east-1 --protocol nfs"
    })
final class RootCommand implements Command {
  private final CliContext context;

  @CommandLine.Spec @Nullable CommandSpec spec;

  RootCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public int run() {
    Objects.requireNonNull(spec).commandLine().usage(context.err());
    return ExitCode.INVALID;
  }
}
