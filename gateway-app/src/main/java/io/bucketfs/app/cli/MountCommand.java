package io.bucketfs.app.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Groups the orders about mounts. */
@CommandLine.Command(
    name = "mount",
    description = "Create, list, show, change and delete mounts.",
    footer = {
      "%nExample:",
      "  bucketfs mount create --bucket my-data --region us-east-1 --protocol nfs"
    })
final class MountCommand implements Command {
  @CommandLine.Spec @Nullable CommandSpec spec;

  @Override
  public int run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(),
        "Say what to do with mounts: create, list, show, set, probe or delete.");
  }
}
