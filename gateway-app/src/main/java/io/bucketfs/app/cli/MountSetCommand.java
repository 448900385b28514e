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

/** Changes who may use a mount, what it may take, how its objects are written, and more. */
@CommandLine.Command(
    name = "set",
    description =
        "Changes who may use a mount, its quota, how its objects are written, what becomes of"
            + " conflicts, what comes to the local disk and stays there, and how fast it is"
            + " exported. It holds at once, also"
            + " for clients that have it mounted; what is in the bucket stays as it is.",
    footer = {
      "%nExamples:",
      "  bucketfs mount set my-data --client 10.0.0.0/8,squash=root --client any,ro",
      "  bucketfs mount set my-data --sub-export 'team-a path=teams/a uid=1000 gid=1000'",
      "  bucketfs mount set my-data --quota-bytes 500GiB --quota-inodes none",
      "  bucketfs mount set my-data --storage-class STANDARD_IA --encryption kms --kms-key alias/ours",
      "  bucketfs mount set my-data --conflict keep-both --lost-found-ttl 30d",
      "  bucketfs mount set my-data --writeback-bandwidth 10MiB"
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
      names = "--storage-class",
      paramLabel = "CLASS",
      description = "Storage class of objects from now on: see mount create.")
  @Nullable String storageClass;

  @Option(
      names = "--encryption",
      paramLabel = "KIND",
      description = "How the store encrypts from now on: default, s3 or kms.")
  @Nullable String encryption;

  @Option(
      names = "--kms-key",
      paramLabel = "KEY",
      description = "Key for --encryption kms; 'default' is the account's.")
  @Nullable String kmsKey;

  @Option(
      names = "--content-type",
      paramLabel = "TYPE",
      description = "Type of new files from now on: guess, none, or a type.")
  @Nullable String contentType;

  @Option(
      names = "--multipart-threshold",
      paramLabel = "SIZE",
      description = "From which size on files are written in parts: see mount create.")
  @Nullable String multipartThreshold;

  @Option(
      names = "--conflict",
      paramLabel = "POLICY",
      description = "Replaces the policy: see mount create.")
  @Nullable String conflict;

  @Option(
      names = "--lost-found-ttl",
      paramLabel = "TIME",
      description = "Replaces how long files stay in lost+found. 'none': for ever.")
  @Nullable String lostFoundTtl;

  @Option(
      names = "--lost-found-size",
      paramLabel = "SIZE",
      description = "Replaces what files in lost+found may take. 'none': all they like.")
  @Nullable String lostFoundSize;

  @Option(
      names = "--writeback",
      paramLabel = "WHEN",
      description = "What waits for the bucket from now on: on-idle (nothing), on-close, on-fsync.")
  @Nullable String writeback;

  @Option(
      names = "--writeback-bandwidth",
      paramLabel = "SIZE",
      description = "What is sent to the bucket in a second from now on. 'none': all it takes.")
  @Nullable String writebackBandwidth;

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
              + " --storage-class, --encryption, --kms-key, --content-type, --multipart-threshold,"
              + " --conflict, --lost-found-ttl, --lost-found-size, --import-rule, --expiry-days, --writeback or"
              + " --writeback-bandwidth.");
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
      if (!objectSettings().isEmpty()) {
        out().println("Its objects are written from now on with:");
        MountPrinter.objects(out(), answer.value());
      }
      MountPrinter.conflict(out(), answer.value());
      MountPrinter.imports(out(), answer.value());
      MountPrinter.exports(out(), answer.value());
    }
    return ExitCode.OK;
  }

  private Map<String, String> objectSettings() {
    Map<String, String> settings = new LinkedHashMap<>();
    put(settings, MountKey.STORAGE_CLASS, storageClass);
    put(settings, MountKey.ENCRYPTION, encryption);
    put(settings, MountKey.KMS_KEY, kmsKey);
    put(settings, MountKey.CONTENT_TYPE, contentType);
    put(settings, MountKey.MULTIPART_THRESHOLD, multipartThreshold);
    return settings;
  }

  private Map<String, String> settings() {
    var settings = objectSettings();
    if (!clients.isEmpty()) {
      settings.put(MountKey.CLIENTS.yaml(), String.join("\n", clients));
    }
    if (!subExports.isEmpty()) {
      settings.put(MountKey.SUB_EXPORTS.yaml(), String.join("\n", subExports));
    }
    if (!importRules.isEmpty()) {
      settings.put(MountKey.IMPORT_RULES.yaml(), String.join("\n", importRules));
    }
    put(settings, MountKey.EXPIRY_DAYS, expiryDays);
    put(settings, MountKey.WRITEBACK, writeback);
    put(settings, MountKey.WRITEBACK_BANDWIDTH, writebackBandwidth);
    put(settings, MountKey.QUOTA_BYTES, quotaBytes);
    put(settings, MountKey.QUOTA_INODES, quotaInodes);
    put(settings, MountKey.CONFLICT, conflict);
    put(settings, MountKey.LOST_FOUND_TTL, lostFoundTtl);
    put(settings, MountKey.LOST_FOUND_SIZE, lostFoundSize);
    return settings;
  }

  private static void put(Map<String, String> settings, MountKey key, @Nullable String text) {
    if (text != null) {
      settings.put(key.yaml(), text);
    }
  }
}
