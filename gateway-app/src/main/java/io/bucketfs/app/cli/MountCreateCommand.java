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

/**
 * Makes a mount. Options are passed on as text: one reader checks them, here and in the gateway.
 */
@CommandLine.Command(
    name = "create",
    description = "Probes a bucket and serves it.",
    footer = {
      "%nExample:",
      "  bucketfs mount create --bucket my-data --region us-east-1 --protocol nfs"
    })
final class MountCreateCommand extends ClientCommand {
  @Option(names = "--bucket", paramLabel = "NAME", description = "The bucket (required).")
  @Nullable String bucket;

  @Option(names = "--region", paramLabel = "REGION", description = "Its region (required).")
  @Nullable String region;

  @Option(
      names = "--protocol",
      paramLabel = "nfs",
      description = "How clients mount it: only nfs (NFSv4.1 and 4.2), the default.")
  @Nullable String protocol;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Served at /NAME; default: the bucket's name, or the last part of the prefix.")
  @Nullable String name;

  @Option(names = "--prefix", paramLabel = "PREFIX", description = "Only keys under this prefix.")
  @Nullable String prefix;

  @Option(
      names = "--endpoint",
      paramLabel = "URL",
      description = "URL of an S3-compatible store; default: AWS.")
  @Nullable String endpoint;

  @Option(
      names = "--path-style",
      description = "The bucket is part of the path and not of the host name.")
  boolean pathStyle;

  @Option(
      names = "--profile",
      paramLabel = "NAME",
      description = "Profile of the gateway's ~/.aws files; default: the SDK's default chain.")
  @Nullable String profile;

  @Option(
      names = "--credentials-file",
      paramLabel = "PATH",
      description =
          "File of the gateway's machine in the form of ~/.aws/credentials; read again when it"
              + " changes. --profile names its section; default: default.")
  @Nullable String credentialsFile;

  @Option(
      names = "--credentials-env",
      paramLabel = "NAME",
      description = "Variables of the gateway: NAME_ACCESS_KEY_ID, NAME_SECRET_ACCESS_KEY.")
  @Nullable String credentialsEnv;

  @Option(names = "--anonymous", description = "Sign nothing: public buckets, read-only.")
  boolean anonymous;

  @Option(names = "--read-only", description = "Refuse every change.")
  boolean readOnly;

  @Option(
      names = "--writeback-idle",
      paramLabel = "TIME",
      description = "Write a file back once it is unchanged for this long; default: 60s.")
  @Nullable String writebackIdle;

  @Option(
      names = "--writeback-max-age",
      paramLabel = "TIME",
      description = "Write a file back at the latest after this time; default: 5m.")
  @Nullable String writebackMaxAge;

  @Option(
      names = "--writeback",
      paramLabel = "WHEN",
      description =
          "What a client does that waits for the bucket: on-idle (nothing), on-close, or on-fsync"
              + " (close and fsync); default: on-idle.")
  @Nullable String writeback;

  @Option(
      names = "--writeback-bandwidth",
      paramLabel = "SIZE",
      description = "What is sent to the bucket in a second; default: none, all it takes.")
  @Nullable String writebackBandwidth;

  @Option(
      names = "--refresh",
      paramLabel = "TIME",
      description = {
        "Compare what is in use with the bucket once it was not for this long; default: 30s.",
        "0s: at every open and lookup; off: never."
      })
  @Nullable String refresh;

  @Option(
      names = "--refresh-mode",
      paramLabel = "MODE",
      description = {
        "stale-while-revalidate, the default: who uses it goes on with what is known;",
        "strict: who uses it waits."
      })
  @Nullable String refreshMode;

  @Option(
      names = "--import-changes",
      paramLabel = "KINDS",
      description = "Changes of others that are taken over; default: new,changed,deleted.")
  @Nullable String importChanges;

  @Option(
      names = "--storage-class",
      paramLabel = "CLASS",
      description = "Storage class of new objects, such as STANDARD_IA; default: STANDARD.")
  @Nullable String storageClass;

  @Option(
      names = "--encryption",
      paramLabel = "KIND",
      description =
          "How the store encrypts: default, as the bucket says; s3, with keys of the store; kms,"
              + " with a key of the key service.")
  @Nullable String encryption;

  @Option(
      names = "--kms-key",
      paramLabel = "KEY",
      description = "Key for --encryption kms: id, alias or ARN; default: the account's.")
  @Nullable String kmsKey;

  @Option(
      names = "--content-type",
      paramLabel = "TYPE",
      description = "Type of new files: guess, from the name (the default); none; or a type.")
  @Nullable String contentType;

  @Option(
      names = "--multipart-threshold",
      paramLabel = "SIZE",
      description = "Write files of this size and more in parts, 5MiB to 5GiB; default: 16MiB.")
  @Nullable String multipartThreshold;

  @Option(
      names = "--conflict",
      paramLabel = "POLICY",
      description = {
        "Where a file was changed here and in the bucket:",
        "s3-wins, the default: ours moves to .bucketfs-lost+found;",
        "keep-both: ours is exported as NAME.conflict-TIME;",
        "local-wins: ours is written over theirs."
      })
  @Nullable String conflict;

  @Option(
      names = "--lost-found-ttl",
      paramLabel = "TIME",
      description = "Remove files from lost+found after this time; default: none, never.")
  @Nullable String lostFoundTtl;

  @Option(
      names = "--lost-found-size",
      paramLabel = "SIZE",
      description = "Remove the oldest from lost+found beyond this; default: none.")
  @Nullable String lostFoundSize;

  @Option(
      names = "--uid",
      paramLabel = "ID",
      description = "Owner of objects without POSIX metadata; default: 0.")
  @Nullable String uid;

  @Option(
      names = "--gid",
      paramLabel = "ID",
      description = "Group of objects without POSIX metadata; default: 0.")
  @Nullable String gid;

  @Option(
      names = "--file-mode",
      paramLabel = "MODE",
      description = "Mode of files without POSIX metadata; default: 0644.")
  @Nullable String fileMode;

  @Option(
      names = "--directory-mode",
      paramLabel = "MODE",
      description = "Mode of directories without POSIX metadata; default: 0755.")
  @Nullable String directoryMode;

  @Option(
      names = "--posix-metadata",
      paramLabel = "on|off",
      description =
          "Whether owner, mode, times and extended attributes travel with objects;"
              + " default: on.")
  @Nullable String posixMetadata;

  @Option(
      names = "--import-rule",
      paramLabel = "RULE",
      description = {
        "Which data come before they are read, once for each rule; the longest prefix counts.",
        "'PREFIX on-directory-first-access SIZE': files of fewer bytes, with their attributes;",
        "'PREFIX on-file-access': none. / is everything, and must be among them.",
        "Default: / on-directory-first-access 128KiB."
      })
  List<String> importRules = List.of();

  @Option(
      names = "--expiry-days",
      paramLabel = "N",
      description =
          "Copies of S3's data that nobody used for so many days go; 1 to 365; default: 30.")
  @Nullable String expiryDays;

  @Option(
      names = "--quota-bytes",
      paramLabel = "SIZE",
      description = "Bytes that its files may have together, such as 500GiB; default: none.")
  @Nullable String quotaBytes;

  @Option(
      names = "--quota-inodes",
      paramLabel = "N",
      description = "Files and directories that it may have; default: none.")
  @Nullable String quotaInodes;

  @Option(
      names = "--client",
      paramLabel = "RULE",
      description = {
        "Who may use it, once for each rule; the first that fits counts; default: any.",
        "NETWORK[,ro][,squash=none|root|all][,uid=N][,gid=N], such as 10.0.0.0/8,squash=root."
      })
  List<String> clients = List.of();

  @Option(
      names = "--sub-export",
      paramLabel = "TEXT",
      description = {
        "A directory that is served under a name of its own, once for each of them:",
        "'NAME path=PATH [ro] [uid=N gid=N] [client=RULE]...'."
      })
  List<String> subExports = List.of();

  @Option(
      names = "--create-bucket",
      description = "Create the bucket first, with the store's defaults, where it is not there.")
  boolean createBucket;

  @Option(names = "--json", description = "Print the mount as JSON.")
  boolean json;

  MountCreateCommand(CliContext context) {
    super(context);
  }

  @Override
  public void check(Problems problems) {
    var _ = MountSettings.read(settings(), MountKey::optionOf, problems);
  }

  @Override
  public int run() throws IOException, NotRunningException, RefusedException {
    var client = client();
    if (createBucket) {
      client.createBucket(settings());
    }
    var answer = client.createMount(settings());
    if (json) {
      out().print(answer.json());
      return ExitCode.OK;
    }
    var mount = answer.value();
    var status = client.status().value();
    out().println("Bucket " + mount.bucket() + " is served at /" + mount.name() + ".");
    MountPrinter.conditions(mount).forEach(out()::println);
    if (anonymous && !readOnly) {
      out().println("It is read-only, since requests are not signed.");
    }
    out().println("On a client:");
    out().println("  " + MountPrinter.mountCommand(context().host(), status, mount.name()));
    return ExitCode.OK;
  }

  /** The text of what was given, by YAML key. */
  Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    put(settings, MountKey.NAME, name);
    put(settings, MountKey.BUCKET, bucket);
    put(settings, MountKey.PREFIX, prefix);
    put(settings, MountKey.REGION, region);
    put(settings, MountKey.PROTOCOL, protocol);
    put(settings, MountKey.ENDPOINT, endpoint);
    put(settings, MountKey.PATH_STYLE, flag(pathStyle));
    put(settings, MountKey.PROFILE, profile);
    put(settings, MountKey.CREDENTIALS_FILE, credentialsFile);
    put(settings, MountKey.CREDENTIALS_ENV, credentialsEnv);
    put(settings, MountKey.ANONYMOUS, flag(anonymous));
    put(settings, MountKey.READ_ONLY, flag(readOnly));
    put(settings, MountKey.WRITEBACK_IDLE, writebackIdle);
    put(settings, MountKey.WRITEBACK_MAX_AGE, writebackMaxAge);
    put(settings, MountKey.WRITEBACK, writeback);
    put(settings, MountKey.WRITEBACK_BANDWIDTH, writebackBandwidth);
    put(settings, MountKey.REFRESH, refresh);
    put(settings, MountKey.REFRESH_MODE, refreshMode);
    put(settings, MountKey.IMPORT_CHANGES, importChanges);
    put(settings, MountKey.STORAGE_CLASS, storageClass);
    put(settings, MountKey.ENCRYPTION, encryption);
    put(settings, MountKey.KMS_KEY, kmsKey);
    put(settings, MountKey.CONTENT_TYPE, contentType);
    put(settings, MountKey.MULTIPART_THRESHOLD, multipartThreshold);
    put(settings, MountKey.CONFLICT, conflict);
    put(settings, MountKey.LOST_FOUND_TTL, lostFoundTtl);
    put(settings, MountKey.LOST_FOUND_SIZE, lostFoundSize);
    put(settings, MountKey.UID, uid);
    put(settings, MountKey.GID, gid);
    put(settings, MountKey.FILE_MODE, fileMode);
    put(settings, MountKey.DIRECTORY_MODE, directoryMode);
    put(settings, MountKey.POSIX_METADATA, posixMetadata);
    put(settings, MountKey.IMPORT_RULES, lines(importRules));
    put(settings, MountKey.EXPIRY_DAYS, expiryDays);
    put(settings, MountKey.QUOTA_BYTES, quotaBytes);
    put(settings, MountKey.QUOTA_INODES, quotaInodes);
    put(settings, MountKey.CLIENTS, lines(clients));
    put(settings, MountKey.SUB_EXPORTS, lines(subExports));
    return settings;
  }

  private static void put(Map<String, String> settings, MountKey key, @Nullable String text) {
    if (text != null) {
      settings.put(key.yaml(), text);
    }
  }

  private static @Nullable String lines(List<String> given) {
    return given.isEmpty() ? null : String.join("\n", given);
  }

  private static @Nullable String flag(boolean given) {
    return given ? "true" : null;
  }
}
