package io.bucketfs.core.mount;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.access.AccessCodec;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.mount.ImportRules.Rule;
import io.bucketfs.core.mount.ImportRules.Trigger;
import io.bucketfs.core.object.Encryption;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.RecordWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.UUID;

/** The stored form of a mount. */
public final class MountCodec {
  private static final int FORMAT = 6;

  /** Files were exported in the background at any speed, with POSIX metadata. */
  private static final int FORMAT_WITHOUT_EXPORTS = 5;

  /** Objects were written with the store's defaults, and nothing came before it was read. */
  private static final int FORMAT_WITHOUT_OBJECTS = 4;

  /** Nothing was known of multipart uploads, and nothing was compared with the bucket again. */
  private static final int FORMAT_WITHOUT_REFRESH = 3;

  private static final int FORMAT_WITHOUT_QUOTA = 2;

  /** Without rules of access: everybody had it. */
  private static final int FORMAT_OPEN = 1;

  /** Stands for no interval. */
  private static final long NEVER = -1;

  private static final int DEFAULT_CHAIN = 0;
  private static final int PROFILE = 1;
  private static final int ANONYMOUS = 2;
  private static final int IN_FILE = 3;
  private static final int IN_ENVIRONMENT = 4;

  private static final int ENCRYPTED_BY_BUCKET = 0;
  private static final int ENCRYPTED_BY_STORE = 1;
  private static final int ENCRYPTED_BY_KMS = 2;

  private MountCodec() {}

  /**
   * A mount as it is kept.
   *
   * @param probed {@link StoreTraits#PROBE} when the traits were found
   * @param leaving whether it is being deleted, so that the rest of its state has to go
   */
  public record Stored(Mount mount, StoreTraits traits, int probed, boolean leaving) {
    /** A mount whose traits are what probes find now. */
    public Stored(Mount mount, StoreTraits traits, boolean leaving) {
      this(mount, traits, StoreTraits.PROBE, leaving);
    }
  }

  /** Encodes a mount. */
  public static byte[] encode(Stored stored) {
    var mount = stored.mount();
    var location = mount.location();
    var policy = mount.policy();
    var traits = stored.traits();
    var writer =
        new RecordWriter(256)
            .u8(FORMAT)
            .bool(stored.leaving())
            .i32(mount.number())
            .i64(mount.uuid().getMostSignificantBits())
            .i64(mount.uuid().getLeastSignificantBits())
            .text(mount.name())
            .text(mount.prefix())
            .text(location.bucket())
            .text(location.region())
            .optionalText(location.endpoint())
            .bool(location.pathStyle());
    switch (location.credentials()) {
      case Credentials.DefaultChain _ -> writer.u8(DEFAULT_CHAIN);
      case Credentials.Profile(var name) -> writer.u8(PROFILE).text(name);
      case Credentials.Anonymous _ -> writer.u8(ANONYMOUS);
      case Credentials.InFile(var path, var profile) -> writer.u8(IN_FILE).text(path).text(profile);
      case Credentials.InEnvironment(var name) -> writer.u8(IN_ENVIRONMENT).text(name);
    }
    writer
        .bool(policy.readOnly())
        .i64(policy.writebackIdle().toNanos())
        .i64(policy.writebackMaxAge().toNanos())
        .i32(policy.defaultUid())
        .i32(policy.defaultGid())
        .i32(policy.defaultFileMode())
        .i32(policy.defaultDirectoryMode())
        .bool(traits.conditionalPut())
        .bool(traits.conditionalCopySource())
        .bool(traits.conditionalCopyTarget())
        .bool(traits.conditionalDelete());
    AccessCodec.write(writer, mount.access());
    writer.i64(mount.quota().bytesMax()).i64(mount.quota().inodesMax());
    writer.bool(traits.conditionalComplete()).bool(traits.conditionalPartCopy());
    write(writer, policy.refresh());
    write(writer, policy.objects());
    writer.bool(traits.conditionalDeleteMany());
    write(writer, policy.conflicts());
    write(writer, policy.imports());
    writer.i32(policy.retention().expiryDays());
    writer
        .text(policy.exports().trigger().text())
        .i64(policy.exports().bytesPerSecondMax())
        .bool(policy.posixMetadata())
        .u8(stored.probed());
    return writer.toBytes();
  }

  /** Decodes a mount. */
  public static Stored decode(byte[] value) {
    var reader = new RecordReader(value);
    var format = reader.u8();
    if (format < FORMAT_OPEN || format > FORMAT) {
      throw new IllegalArgumentException("a mount is stored in the unknown format " + format);
    }
    var leaving = reader.bool();
    var number = reader.i32();
    var uuid = new UUID(reader.i64(), reader.i64());
    var name = reader.text();
    var prefix = reader.text();
    var bucket = reader.text();
    var region = reader.text();
    var endpoint = reader.optionalText();
    var pathStyle = reader.bool();
    var credentials = credentials(reader);
    var policy =
        new Mount.Policy(
            reader.bool(),
            Duration.ofNanos(reader.i64()),
            Duration.ofNanos(reader.i64()),
            reader.i32(),
            reader.i32(),
            reader.i32(),
            reader.i32());
    var put = reader.bool();
    var copySource = reader.bool();
    var copyTarget = reader.bool();
    var delete = reader.bool();
    var location = new BucketLocation(bucket, region, endpoint, pathStyle, credentials);
    var access = format == FORMAT_OPEN ? Access.OPEN : AccessCodec.read(reader);
    var quota = format <= FORMAT_WITHOUT_QUOTA ? Quota.NONE : new Quota(reader.i64(), reader.i64());
    var isPlain = format <= FORMAT_WITHOUT_REFRESH;
    var complete = !isPlain && reader.bool();
    var partCopy = !isPlain && reader.bool();
    var refresh = isPlain ? RefreshPolicy.DEFAULT : refresh(reader);
    var isFull = format > FORMAT_WITHOUT_OBJECTS;
    var objects = isFull ? objects(reader) : ObjectPolicy.DEFAULT;
    var deleteMany = isFull && reader.bool();
    var conflicts = isFull ? conflicts(reader) : ConflictPolicy.DEFAULT;
    var imports = isFull ? imports(reader) : ImportRules.DEFAULT;
    var retention = isFull ? new Retention(reader.i32()) : Retention.DEFAULT;
    var isNew = format > FORMAT_WITHOUT_EXPORTS;
    var exports = isNew ? exports(reader) : ExportPolicy.DEFAULT;
    var posixMetadata = !isNew || reader.bool();
    var probed = isNew ? reader.u8() : probed(format);
    var traits =
        new StoreTraits(put, copySource, copyTarget, delete, complete, partCopy, deleteMany);
    var whole =
        policy
            .withRefresh(refresh)
            .withObjects(objects)
            .withConflicts(conflicts)
            .with(imports, retention)
            .withExports(exports)
            .withPosixMetadata(posixMetadata);
    var mount = new Mount(number, uuid, name, location, prefix, whole, access, quota);
    return new Stored(mount, traits, probed, leaving);
  }

  /** What probes found when a format was written that does not say it. */
  private static int probed(int format) {
    if (format <= FORMAT_WITHOUT_REFRESH) {
      return StoreTraits.PROBE_WITHOUT_UPLOADS;
    }
    return format <= FORMAT_WITHOUT_OBJECTS
        ? StoreTraits.PROBE_WITHOUT_DELETE_MANY
        : StoreTraits.PROBE;
  }

  private static ExportPolicy exports(RecordReader reader) {
    var trigger = reader.text();
    return new ExportPolicy(
        ExportPolicy.Trigger.of(trigger)
            .orElseThrow(() -> new IllegalArgumentException("unknown trigger " + trigger)),
        reader.i64());
  }

  private static void write(RecordWriter writer, ConflictPolicy conflicts) {
    var lifetime = conflicts.lostAndFoundLifetime();
    writer
        .text(conflicts.winner().text())
        .i64(lifetime == null ? NEVER : lifetime.toNanos())
        .i64(conflicts.lostAndFoundBytesMax());
  }

  private static ConflictPolicy conflicts(RecordReader reader) {
    var winner = reader.text();
    var lifetime = reader.i64();
    return new ConflictPolicy(
        ConflictPolicy.Winner.of(winner)
            .orElseThrow(() -> new IllegalArgumentException("unknown conflict policy " + winner)),
        lifetime == NEVER ? null : Duration.ofNanos(lifetime),
        reader.i64());
  }

  private static void write(RecordWriter writer, RefreshPolicy refresh) {
    var interval = refresh.interval();
    var imported = refresh.imported();
    writer
        .i64(interval == null ? NEVER : interval.toNanos())
        .bool(refresh.strict())
        .bool(imported.created())
        .bool(imported.changed())
        .bool(imported.deleted());
  }

  private static RefreshPolicy refresh(RecordReader reader) {
    var interval = reader.i64();
    return new RefreshPolicy(
        interval == NEVER ? null : Duration.ofNanos(interval),
        reader.bool(),
        new RefreshPolicy.Imported(reader.bool(), reader.bool(), reader.bool()));
  }

  private static void write(RecordWriter writer, ObjectPolicy objects) {
    writer.optionalText(objects.storageClass());
    switch (objects.encryption()) {
      case Encryption.OfBucket _ -> writer.u8(ENCRYPTED_BY_BUCKET);
      case Encryption.OfStore _ -> writer.u8(ENCRYPTED_BY_STORE);
      case Encryption.Kms(var keyId) -> writer.u8(ENCRYPTED_BY_KMS).optionalText(keyId);
    }
    writer.text(objects.contentType()).i64(objects.multipartThreshold());
  }

  private static ObjectPolicy objects(RecordReader reader) {
    return new ObjectPolicy(reader.optionalText(), encryption(reader), reader.text(), reader.i64());
  }

  private static Encryption encryption(RecordReader reader) {
    var kind = reader.u8();
    return switch (kind) {
      case ENCRYPTED_BY_BUCKET -> Encryption.OF_BUCKET;
      case ENCRYPTED_BY_STORE -> new Encryption.OfStore();
      case ENCRYPTED_BY_KMS -> new Encryption.Kms(reader.optionalText());
      default -> throw new IllegalArgumentException("unknown encryption " + kind);
    };
  }

  private static void write(RecordWriter writer, ImportRules imports) {
    writer.i32(imports.rules().size());
    for (var rule : imports.rules()) {
      writer
          .text(rule.prefix())
          .bool(rule.trigger() == Trigger.ON_DIRECTORY_FIRST_ACCESS)
          .i64(rule.sizeBelow());
    }
  }

  private static ImportRules imports(RecordReader reader) {
    var rules = new ArrayList<Rule>();
    for (var left = reader.i32(); left > 0; left--) {
      rules.add(
          new Rule(
              reader.text(),
              reader.bool() ? Trigger.ON_DIRECTORY_FIRST_ACCESS : Trigger.ON_FILE_ACCESS,
              reader.i64()));
    }
    return new ImportRules(rules);
  }

  private static Credentials credentials(RecordReader reader) {
    var kind = reader.u8();
    return switch (kind) {
      case DEFAULT_CHAIN -> new Credentials.DefaultChain();
      case PROFILE -> new Credentials.Profile(reader.text());
      case ANONYMOUS -> new Credentials.Anonymous();
      case IN_FILE -> new Credentials.InFile(reader.text(), reader.text());
      case IN_ENVIRONMENT -> new Credentials.InEnvironment(reader.text());
      default -> throw new IllegalArgumentException("unknown credentials " + kind);
    };
  }
}
