package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.config.MountKey;
import io.bucketfs.app.config.MountSettings;
import io.bucketfs.app.config.Problems;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Changes who may use a mount, and what it may take. */
@CommandLine.Command(
    name = "set",
    description =
        "Changes who may use a mount, its quota, and what comes to the local disk and stays there. It"
            + " holds at once, also for clients that have it mounted.",
    footer = {
      "%nExamples:",
      "  bucketfs mount set my-data --client 10.0.0.0/8,squash=root --client any,ro",
      "  bucketfs mount set my-data --sub-export 'team-a path=teams/a uid=1000 gid=1000'",
      "  bucketfs mount set my-data --quota-bytes 500GiB --quota-inodes none"
    })
final class MountSetCommand extends ClientCommand {
  @Parameters(paramLabel = "NAME", description = "The mount, with or without a leading slash.")
  String name = "";

  @Option(
      names = "--client",
      paramLabel = "RULE",
      description = "Replaces the rules: see mount create. 'any' lets everybody in.")
  List<String> clients = List.of();

  @Option(
      names = "--sub-export",
      paramLabel = "TEXT",
      description = "Replaces the sub-exports: see mount create. 'none' removes them.")
  List<String> subExports = List.of();

  @Option(
      names = "--quota-bytes",
      paramLabel = "SIZE",
      description = "Replaces the quota of bytes: see mount create. 'none' removes it.")
  @Nullable String quotaBytes;

  @Option(
      names = "--quota-inodes",
      paramLabel = "N",
      description = "Replaces the quota of inodes: see mount create. 'none' removes it.")
  @Nullable String quotaInodes;

  @Option(
      names = "--import-rule",
      paramLabel = "RULE",
      description = "Replaces the import rules: see mount create.")
  List<String> importRules = List.of();

  @Option(
      names = "--expiry-days",
      paramLabel = "N",
      description = "Replaces the days after which unused copies are dropped: see mount create.")
  @Nullable String expiryDays;

  @Option(names = "--json", description = "Print the mount as JSON.")
  boolean json;

  MountSetCommand(CliContext context) {
    super(context);
  }

  @Override
  public void check(Problems problems) {
    if (settings().isEmpty()) {
      problems.add(
          "Say what to change: --client, --sub-export, --quota-bytes, --quota-inodes,"
              + " --import-rule or --expiry-days.");
    }
    MountSettings.checkChange(settings(), MountKey::optionOf, problems);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var answer = client().setMount(MountPath.parse(name).mount(), settings());
    if (json) {
      out().print(answer.json());
    } else {
      out().println("Mount /" + answer.value().name() + " may now be used by:");
      MountPrinter.access(out(), answer.value());
      MountPrinter.quota(out(), answer.value());
      MountPrinter.imports(out(), answer.value());
    }
    return ExitCode.OK;
  }

  private Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    if (!clients.isEmpty()) {
      settings.put(MountKey.CLIENTS.yaml(), String.join("\n", clients));
    }
    if (!subExports.isEmpty()) {
      settings.put(MountKey.SUB_EXPORTS.yaml(), String.join("\n", subExports));
    }
    if (!importRules.isEmpty()) {
      settings.put(MountKey.IMPORT_RULES.yaml(), String.join("\n", importRules));
    }
    if (expiryDays != null) {
      settings.put(MountKey.EXPIRY_DAYS.yaml(), expiryDays);
    }
    if (quotaBytes != null) {
      settings.put(MountKey.QUOTA_BYTES.yaml(), quotaBytes);
    }
    if (quotaInodes != null) {
      settings.put(MountKey.QUOTA_INODES.yaml(), quotaInodes);
    }
    return settings;
  }
}
