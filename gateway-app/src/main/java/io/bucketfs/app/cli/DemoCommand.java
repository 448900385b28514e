package io.bucketfs.app.cli;

import java.io.IOException;
import picocli.CommandLine;

/** A gateway to try things out. */
@CommandLine.Command(
    name = "demo",
    description = "Runs a gateway with an S3 of its own and a bucket of files to try it on.",
    footer = {"%nExample:", "  bucketfs demo --dir /tmp/bucketfs-demo"})
final class DemoCommand implements Command {
  private final CliContext context;

  DemoCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public int run() throws IOException {
    throw new IOException("The demo is not built in: " + context.host());
  }
}
