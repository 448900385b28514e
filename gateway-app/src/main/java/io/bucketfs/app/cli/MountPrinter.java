package io.bucketfs.app.cli;

import io.bucketfs.app.admin.MountView;
import io.bucketfs.app.admin.StatusView;
import io.bucketfs.app.config.ByteSizes;
import io.bucketfs.app.config.Durations;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** How a mount looks on a terminal. */
final class MountPrinter {
  private static final int STANDARD_PORT = 2049;

  private MountPrinter() {}

  /** What to type on a client. */
  static String mountCommand(String host, StatusView status, String name) {
    var any = status.listen().equals("0.0.0.0") || status.listen().startsWith("0:0:0:0:0:0:0:0");
    var address = any ? host : status.listen();
    var port = status.port() == STANDARD_PORT ? "" : ",port=" + status.port();
    return "mount -t nfs4 -o vers=4.2%s %s:/%s /mnt"
        .formatted(port, address.contains(":") ? "[" + address + "]" : address, name);
  }

  /** A sentence for what the store cannot promise; empty for a store that honours everything. */
  static List<String> conditions(MountView mount) {
    var conditions = mount.conditions();
    List<String> missing = new ArrayList<>();
    if (!conditions.conditionalPut()) {
      missing.add("PUT");
    }
    if (!conditions.conditionalCopySource() || !conditions.conditionalCopyTarget()) {
      missing.add("COPY");
    }
    if (!conditions.conditionalDelete()) {
      missing.add("DELETE");
    }
    if (!conditions.conditionalComplete()) {
      missing.add("CompleteMultipartUpload");
    }
    return mount.readOnly() || missing.isEmpty()
        ? List.of()
        : List.of(
            "The store does not honour every condition on "
                + String.join(", ", missing)
                + ": a HEAD goes before, so a change by another writer may be missed.");
  }

  /** What a probe found. */
  static void probed(PrintWriter out, MountView mount) {
    var found = mount.conditions();
    line(out, "PUT", honoured(found.conditionalPut()));
    line(out, "COPY", honoured(found.conditionalCopySource() && found.conditionalCopyTarget()));
    line(out, "DELETE", honoured(found.conditionalDelete()));
    line(out, "DeleteObjects", honoured(found.conditionalDeleteMany()));
    line(out, "uploads in parts", honoured(found.conditionalComplete()));
    line(out, "copies of parts", honoured(found.conditionalPartCopy()));
    conditions(mount).forEach(out::println);
  }

  private static String honoured(boolean condition) {
    return condition ? "conditions are honoured" : "not seen to honour conditions";
  }

  static void list(PrintWriter out, List<MountView> mounts) {
    if (mounts.isEmpty()) {
      out.println(
          "No mounts. Make one with: bucketfs mount create --bucket my-data --region us-east-1");
      return;
    }
    var table = new Table("NAME", "BUCKET", "MODE", "DIRTY", "OLDEST", "FAILING", "CONFLICTS");
    for (var mount : mounts) {
      table.add(
          "/" + mount.name(),
          mount.prefix().isEmpty() ? mount.bucket() : mount.bucket() + "/" + mount.prefix(),
          mount.readOnly() ? "ro" : "rw",
          mount.dirtyFiles() + " (" + ByteSizes.format(mount.dirtyBytes()) + ")",
          oldest(mount),
          mount.failing(),
          mount.conflicts());
    }
    table.print(out);
    mounts.forEach(mount -> otherGateway(mount).forEach(out::println));
  }

  static void show(PrintWriter out, MountView mount, String mountCommand) {
    line(out, "name", mount.name());
    line(out, "bucket", mount.bucket());
    line(out, "prefix", mount.prefix().isEmpty() ? "-" : mount.prefix());
    line(out, "region", mount.region());
    line(out, "endpoint", mount.endpoint() == null ? "AWS" : mount.endpoint());
    line(out, "path-style", mount.pathStyle());
    line(out, "credentials", mount.credentials());
    line(out, "read-only", mount.readOnly());
    line(out, "writeback-idle", mount.writebackIdle());
    line(out, "writeback-max-age", mount.writebackMaxAge());
    exports(out, mount);
    line(out, "posix-metadata", mount.posixMetadata());
    line(out, "refresh", mount.refresh() + ", " + mount.refreshMode());
    line(out, "import-changes", mount.importChanges());
    objects(out, mount);
    conflict(out, mount);
    imports(out, mount);
    line(out, "defaults", defaults(mount));
    line(out, "used", ByteSizes.format(mount.usedBytes()) + ", " + mount.usedInodes() + " inodes");
    quota(out, mount);
    access(out, mount);
    line(out, "uuid", mount.uuid());
    line(out, "set in", mount.configuredIn() == null ? "command line" : mount.configuredIn());
    line(out, "dirty", mount.dirtyFiles() + " files, " + ByteSizes.format(mount.dirtyBytes()));
    line(out, "oldest dirty", oldest(mount));
    line(out, "failing", mount.failing());
    line(out, "conflicts", mount.conflicts());
    line(out, "unmapped", mount.unmapped());
    line(out, "on a client", mountCommand);
    conditions(mount).forEach(out::println);
    if (mount.probedBefore()) {
      out.println(
          "The store was probed by an older version, which found out less: bucketfs mount probe "
              + mount.name());
    }
    otherGateway(mount).forEach(out::println);
  }

  /** Who may use a mount, in the order in which the rules hold. */
  static void access(PrintWriter out, MountView mount) {
    mount.clients().forEach(rule -> line(out, "client", rule));
    mount.subExports().forEach(sub -> line(out, "sub-export", sub));
  }

  /** How objects are written. */
  static void objects(PrintWriter out, MountView mount) {
    line(out, "storage-class", mount.storageClass());
    var key = mount.kmsKey() == null ? "" : ", key " + mount.kmsKey();
    line(out, "encryption", mount.encryption() + key);
    line(out, "content-type", mount.contentType());
    line(out, "multipart-threshold", mount.multipartThreshold());
  }

  /** What comes to the local disk by itself, and how long it stays there unused. */
  static void imports(PrintWriter out, MountView mount) {
    mount.importRules().forEach(rule -> line(out, "import-rule", rule));
    line(out, "expiry-days", mount.expiryDays());
  }

  /** When files are exported, and how fast. */
  static void exports(PrintWriter out, MountView mount) {
    var rate = mount.writebackBandwidth();
    line(out, "writeback", mount.writeback());
    line(out, "bandwidth", rate.equals("none") ? rate : rate + "/s");
  }

  /** What a mount may take; nothing is printed where it has no limit. */
  static void quota(PrintWriter out, MountView mount) {
    var bytes = mount.quotaBytes();
    var inodes = mount.quotaInodes();
    if (bytes != null) {
      line(out, "quota-bytes", ByteSizes.format(bytes));
    }
    if (inodes != null) {
      line(out, "quota-inodes", inodes);
    }
  }

  /** What becomes of files that are changed on both sides. */
  static void conflict(PrintWriter out, MountView mount) {
    line(out, "conflict", mount.conflict());
    line(out, "lost+found", "ttl " + mount.lostFoundTtl() + ", size " + mount.lostFoundSize());
  }

  /** A sentence where another gateway writes to the bucket; empty where none does. */
  static List<String> otherGateway(MountView mount) {
    var other = mount.otherGateway();
    return other == null
        ? List.of()
        : List.of(
            "Warning: another gateway (%s) writes to the bucket of /%s, last seen %s: stop one of"
                    .formatted(other, mount.name(), mount.otherGatewaySeen())
                + " them.");
  }

  private static String defaults(MountView mount) {
    return "uid %d, gid %d, files %s, directories %s"
        .formatted(mount.uid(), mount.gid(), mount.fileMode(), mount.directoryMode());
  }

  private static String oldest(MountView mount) {
    var seconds = mount.oldestDirtySeconds();
    return seconds == null ? "-" : Durations.human(Duration.ofSeconds(seconds));
  }

  private static void line(PrintWriter out, String label, Object value) {
    out.printf("%-18s %s%n", label, Table.clean(value));
  }
}
