package io.bucketfs.core.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.mount.ImportRules.Rule;
import io.bucketfs.core.mount.ImportRules.Trigger;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.object.Encryption;
import io.bucketfs.core.object.StoreTraits;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class MountCodecTest {
  /** Two traits of uploads; interval, mode and three kinds of changes. */
  private static final int REFRESH_BYTES = 2 + Long.BYTES + 4;

  /** No storage class, the bucket's encryption, a guessed content type, no threshold. */
  private static final int OBJECTS_BYTES = Integer.BYTES + 1 + Integer.BYTES + 5 + Long.BYTES;

  /** A trait of DeleteObjects; who wins, and two bounds of lost+found. */
  private static final int CONFLICT_BYTES = 1 + Integer.BYTES + "s3-wins".length() + 2 * Long.BYTES;

  /** Count of import rules; the one of the default; days until data expire. */
  private static final int IMPORT_BYTES = 4 + 4 + 1 + Long.BYTES + 4;

  /** What waits for exports, their speed; POSIX metadata; what probes found. */
  private static final int EXPORT_BYTES = Integer.BYTES + "on-idle".length() + Long.BYTES + 2;

  /** All that came with the present format and the one before. */
  private static final int NEW_BYTES = OBJECTS_BYTES + CONFLICT_BYTES + IMPORT_BYTES + EXPORT_BYTES;

  private static MountCodec.Stored stored(RefreshPolicy refresh) {
    return stored(refresh, StoreTraits.FULL);
  }

  private static MountCodec.Stored stored(RefreshPolicy refresh, StoreTraits traits) {
    return stored(
        new BucketLocation.Credentials.Profile("p"),
        Mount.Policy.DEFAULT.withRefresh(refresh),
        traits);
  }

  private static MountCodec.Stored stored(
      BucketLocation.Credentials credentials, Mount.Policy policy, StoreTraits traits) {
    var mount =
        new Mount(
            3,
            new UUID(1, 2),
            "data",
            new BucketLocation("bucket", "r", null, true, credentials),
            "a/",
            policy,
            Access.OPEN,
            new Quota(5, 6));
    return new MountCodec.Stored(mount, traits, false);
  }

  @Test
  void readsWhatItWrote() {
    for (var refresh :
        new RefreshPolicy[] {
          RefreshPolicy.DEFAULT,
          new RefreshPolicy(null, true, new Imported(true, false, false)),
          new RefreshPolicy(Duration.ZERO, false, new Imported(false, true, false)),
          new RefreshPolicy(Duration.ofHours(1), true, new Imported(false, false, true))
        }) {
      assertThat(MountCodec.decode(MountCodec.encode(stored(refresh)))).isEqualTo(stored(refresh));
    }
  }

  @Test
  void readsWhatItWroteOfObjects() {
    for (var objects :
        List.of(
            new ObjectPolicy("STANDARD_IA", new Encryption.OfStore(), "none", 5 << 20),
            new ObjectPolicy(null, new Encryption.Kms(null), "text/plain", 5L << 30),
            new ObjectPolicy(null, new Encryption.Kms("alias/ours"), "guess", 0))) {
      var stored =
          stored(
              new BucketLocation.Credentials.InFile("/etc/keys", "ours"),
              Mount.Policy.DEFAULT.withObjects(objects),
              StoreTraits.NONE);
      assertThat(MountCodec.decode(MountCodec.encode(stored))).isEqualTo(stored);
    }
    var stored =
        stored(
            new BucketLocation.Credentials.InEnvironment("OURS"),
            Mount.Policy.DEFAULT,
            StoreTraits.FULL);
    assertThat(MountCodec.decode(MountCodec.encode(stored))).isEqualTo(stored);
  }

  /** Mounts of a gateway that knew neither uploads nor changes of others get the defaults. */
  @Test
  void readsTheFormatBefore() {
    var now = MountCodec.encode(stored(new RefreshPolicy(null, true, Imported.ALL)));
    var before = Arrays.copyOf(now, now.length - NEW_BYTES - REFRESH_BYTES);
    before[0] = 3;
    var withoutUploads = new StoreTraits(true, true, true, true, false, false, false);
    assertThat(MountCodec.decode(before))
        .isEqualTo(
            probed(
                stored(RefreshPolicy.DEFAULT, withoutUploads), StoreTraits.PROBE_WITHOUT_UPLOADS));
  }

  /**
   * Mounts of a gateway that said nothing of objects and conflicts go on as they did. A store that
   * was probed before is trusted with nothing of DeleteObjects.
   */
  @Test
  void readsTheFormatWithoutObjects() {
    var refresh = new RefreshPolicy(null, true, Imported.ALL);
    var now = MountCodec.encode(stored(refresh));
    var before = Arrays.copyOf(now, now.length - NEW_BYTES);
    before[0] = 4;
    var traits = new StoreTraits(true, true, true, true, true, true, false);
    assertThat(MountCodec.decode(before))
        .isEqualTo(probed(stored(refresh, traits), StoreTraits.PROBE_WITHOUT_DELETE_MANY));
  }

  /** Mounts of a gateway that exported in the background at any speed go on so. */
  @Test
  void readsTheFormatWithoutExports() {
    var now = MountCodec.encode(stored(RefreshPolicy.DEFAULT));
    var before = Arrays.copyOf(now, now.length - EXPORT_BYTES);
    before[0] = 5;
    assertThat(MountCodec.decode(before)).isEqualTo(stored(RefreshPolicy.DEFAULT));
  }

  @Test
  void readsWhenFilesAreExported() {
    for (var trigger : ExportPolicy.Trigger.values()) {
      var plain = stored(RefreshPolicy.DEFAULT).mount();
      var policy =
          plain
              .policy()
              .withExports(new ExportPolicy(trigger, ExportPolicy.BYTES_PER_SECOND_MIN))
              .withPosixMetadata(false);
      var stored = new MountCodec.Stored(plain.withPolicy(policy), StoreTraits.FULL, 1, false);
      assertThat(MountCodec.decode(MountCodec.encode(stored))).isEqualTo(stored);
    }
  }

  private static MountCodec.Stored probed(MountCodec.Stored stored, int probe) {
    return new MountCodec.Stored(stored.mount(), stored.traits(), probe, stored.leaving());
  }

  @Test
  void readsWhatBecomesOfConflicts() {
    for (var winner : ConflictPolicy.Winner.values()) {
      var mount = stored(RefreshPolicy.DEFAULT).mount();
      var policies = new ConflictPolicy(winner, Duration.ofDays(3), 1 << 20);
      var stored = new MountCodec.Stored(mount.withConflicts(policies), StoreTraits.NONE, true);
      assertThat(MountCodec.decode(MountCodec.encode(stored))).isEqualTo(stored);
    }
  }

  @Test
  void readsWhatComesAndStays() {
    var rules =
        new ImportRules(
            List.of(
                new Rule("", Trigger.ON_FILE_ACCESS, 0),
                new Rule("a/", Trigger.ON_DIRECTORY_FIRST_ACCESS, 77)));
    var plain = stored(RefreshPolicy.DEFAULT);
    var policy = plain.mount().policy().with(rules, new Retention(365));
    var stored = new MountCodec.Stored(plain.mount().withPolicy(policy), StoreTraits.FULL, false);
    assertThat(MountCodec.decode(MountCodec.encode(stored))).isEqualTo(stored);
  }

  @Test
  void refusesAFormatThatItDoesNotKnow() {
    var later = MountCodec.encode(stored(RefreshPolicy.DEFAULT));
    later[0] = 7;
    assertThatThrownBy(() -> MountCodec.decode(later)).hasMessageContaining("unknown format 7");
  }
}
