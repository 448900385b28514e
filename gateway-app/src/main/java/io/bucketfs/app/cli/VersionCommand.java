package io.bucketfs.app.cli;

import picocli.CommandLine;

/** Names what runs. */
@CommandLine.Command(
    name = "version",
    description = "Prints the versions of bucketfs and of the JVM.",
    footer = {"%nExample:", "  bucketfs version"})
final class VersionCommand implements Command {
  private final CliContext context;

  VersionCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public int run() {
    context
        .out()
        .printf("bucketfs %s (Java %s)%n", Version.current(), System.getProperty("java.version"));
    return ExitCode.OK;
  }
}
