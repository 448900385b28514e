package io.bucketfs.app.admin;

import io.bucketfs.app.config.AccessText;
import io.bucketfs.app.config.ConflictText;
import io.bucketfs.app.config.Durations;
import io.bucketfs.app.config.ExportText;
import io.bucketfs.app.config.ImportText;
import io.bucketfs.app.config.ObjectText;
import io.bucketfs.app.config.RefreshText;
import io.bucketfs.core.admin.Administration.MountStatus;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.object.StoreTraits;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A mount as the admin API shows it. Never holds a secret, only where one is found.
 *
 * @param oldestDirtySeconds null where nothing is dirty
 * @param importRules which data come by themselves, in the form of the settings
 * @param quotaBytes null for none
 * @param quotaInodes null for none
 * @param clients who may use it, in the form of the settings
 * @param subExports directories under names of their own, in the form of the settings
 * @param conditions which conditions the store honours
 * @param probedBefore whether an older version found that out, which knew less of them
 * @param otherGateway another gateway that writes to the bucket, as it should not; null for none
 * @param otherGatewaySeen when an object of it was last met; null for never
 * @param configuredIn the file that sets this mount; null for one made by command
 */
public record MountView(
    String name,
    String bucket,
    String prefix,
    String region,
    @Nullable String endpoint,
    boolean pathStyle,
    String credentials,
    boolean readOnly,
    String writebackIdle,
    String writebackMaxAge,
    String writeback,
    String writebackBandwidth,
    String refresh,
    String refreshMode,
    String importChanges,
    String storageClass,
    String encryption,
    @Nullable String kmsKey,
    String contentType,
    String multipartThreshold,
    String conflict,
    String lostFoundTtl,
    String lostFoundSize,
    List<String> importRules,
    int expiryDays,
    int uid,
    int gid,
    String fileMode,
    String directoryMode,
    String posixMetadata,
    @Nullable Long quotaBytes,
    @Nullable Long quotaInodes,
    long usedBytes,
    long usedInodes,
    List<String> clients,
    List<String> subExports,
    String uuid,
    StoreTraits conditions,
    boolean probedBefore,
    long dirtyFiles,
    long dirtyBytes,
    @Nullable Long oldestDirtySeconds,
    long failing,
    long conflicts,
    long unmapped,
    @Nullable String otherGateway,
    @Nullable Instant otherGatewaySeen,
    @Nullable String configuredIn) {

  static MountView of(MountStatus status, @Nullable String configuredIn) {
    var mount = status.mount();
    var location = mount.location();
    var policy = mount.policy();
    var oldest = status.oldestDirty();
    var other = status.otherGateway();
    return new MountView(
        mount.name(),
        location.bucket(),
        mount.prefix(),
        location.region(),
        location.endpoint(),
        location.pathStyle(),
        describe(location.credentials()),
        policy.readOnly(),
        Durations.format(policy.writebackIdle()),
        Durations.format(policy.writebackMaxAge()),
        ExportText.trigger(policy.exports()),
        ExportText.rate(policy.exports()),
        RefreshText.interval(policy.refresh()),
        RefreshText.mode(policy.refresh()),
        RefreshText.changes(policy.refresh()),
        ObjectText.storageClass(policy.objects()),
        ObjectText.encryption(policy.objects()),
        ObjectText.kmsKey(policy.objects()),
        policy.objects().contentType(),
        ObjectText.threshold(policy.objects()),
        policy.conflicts().winner().text(),
        ConflictText.lifetime(policy.conflicts()),
        ConflictText.size(policy.conflicts()),
        ImportText.of(policy.imports()),
        policy.retention().expiryDays(),
        policy.defaultUid(),
        policy.defaultGid(),
        octal(policy.defaultFileMode()),
        octal(policy.defaultDirectoryMode()),
        policy.posixMetadata() ? "on" : "off",
        limit(mount.quota().bytesMax()),
        limit(mount.quota().inodesMax()),
        status.usedBytes(),
        status.usedInodes(),
        AccessText.ofClients(mount.access()),
        AccessText.ofSubExports(mount.access()),
        mount.uuid().toString(),
        status.traits(),
        status.probedBefore(),
        status.dirtyFiles(),
        status.dirtyBytes(),
        oldest == null ? null : oldest.toSeconds(),
        status.failing(),
        status.conflicts(),
        status.unmapped(),
        other == null ? null : other.id(),
        other == null ? null : other.seen(),
        configuredIn);
  }

  private static @Nullable Long limit(long limit) {
    return limit == Long.MAX_VALUE ? null : Long.valueOf(limit);
  }

  private static String describe(Credentials credentials) {
    return switch (credentials) {
      case Credentials.DefaultChain _ -> "default chain";
      case Credentials.Profile(var name) -> "profile " + name;
      case Credentials.InFile(var path, var profile) -> "file " + path + ", profile " + profile;
      case Credentials.InEnvironment(var name) -> "environment " + name + "_*";
      case Credentials.Anonymous _ -> "anonymous";
    };
  }

  private static String octal(int mode) {
    return "0" + Integer.toOctalString(mode);
  }
}
