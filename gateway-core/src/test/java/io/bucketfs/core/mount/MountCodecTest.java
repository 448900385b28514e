package io.bucketfs.core.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.mount.ImportRules.Rule;
import io.bucketfs.core.mount.ImportRules.Trigger;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.object.StoreTraits;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class MountCodecTest {
  /** Count of import rules; the one of the default; days until data expire. */
  private static final int IMPORT_BYTES = 4 + 4 + 1 + Long.BYTES + 4;

  /** Two traits of uploads; interval, mode and three kinds of changes; and what came later. */
  private static final int NEW_BYTES = 2 + Long.BYTES + 4 + IMPORT_BYTES;

  private static MountCodec.Stored stored(RefreshPolicy refresh) {
    return stored(refresh, StoreTraits.FULL);
  }

  private static MountCodec.Stored stored(RefreshPolicy refresh, StoreTraits traits) {
    var mount =
        new Mount(
            3,
            new UUID(1, 2),
            "data",
            new BucketLocation(
                "bucket", "r", null, true, new BucketLocation.Credentials.Profile("p")),
            "a/",
            Mount.Policy.DEFAULT.withRefresh(refresh),
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

  /** Mounts of a gateway that knew neither uploads nor changes of others get the defaults. */
  @Test
  void readsTheFormatBefore() {
    var now = MountCodec.encode(stored(new RefreshPolicy(null, true, Imported.ALL)));
    var before = Arrays.copyOf(now, now.length - NEW_BYTES);
    before[0] = 3;
    var withoutUploads = new StoreTraits(true, true, true, true, false, false);
    assertThat(MountCodec.decode(before)).isEqualTo(stored(RefreshPolicy.DEFAULT, withoutUploads));
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

  /** Mounts of a gateway that fetched nothing before it was read get the defaults. */
  @Test
  void readsTheFormatWithoutImportRules() {
    var strict = new RefreshPolicy(null, true, Imported.ALL);
    var now = MountCodec.encode(stored(strict));
    var before = Arrays.copyOf(now, now.length - IMPORT_BYTES);
    before[0] = 4;
    assertThat(MountCodec.decode(before)).isEqualTo(stored(strict));
  }

  @Test
  void refusesAFormatThatItDoesNotKnow() {
    var later = MountCodec.encode(stored(RefreshPolicy.DEFAULT));
    later[0] = 6;
    assertThatThrownBy(() -> MountCodec.decode(later)).hasMessageContaining("unknown format 6");
  }
}
