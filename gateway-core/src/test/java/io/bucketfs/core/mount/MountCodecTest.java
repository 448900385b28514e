package io.bucketfs.core.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.object.StoreTraits;
import java.time.Duration;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class MountCodecTest {
  /** Two traits of uploads; interval, mode and three kinds of changes. */
  private static final int NEW_BYTES = 2 + Long.BYTES + 4;

  /** A trait of DeleteObjects; who wins, and two bounds of lost+found. */
  private static final int CONFLICT_BYTES = 1 + Integer.BYTES + "s3-wins".length() + 2 * Long.BYTES;

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
    var before = Arrays.copyOf(now, now.length - CONFLICT_BYTES - NEW_BYTES);
    before[0] = 3;
    var withoutUploads = new StoreTraits(true, true, true, true, false, false, false);
    assertThat(MountCodec.decode(before)).isEqualTo(stored(RefreshPolicy.DEFAULT, withoutUploads));
  }

  /** A store that was probed before is trusted with nothing of DeleteObjects. */
  @Test
  void readsTheFormatWithoutConflicts() {
    var refresh = new RefreshPolicy(null, true, Imported.ALL);
    var now = MountCodec.encode(stored(refresh));
    var before = Arrays.copyOf(now, now.length - CONFLICT_BYTES);
    before[0] = 4;
    var traits = new StoreTraits(true, true, true, true, true, true, false);
    assertThat(MountCodec.decode(before)).isEqualTo(stored(refresh, traits));
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
  void refusesAFormatThatItDoesNotKnow() {
    var later = MountCodec.encode(stored(RefreshPolicy.DEFAULT));
    later[0] = 6;
    assertThatThrownBy(() -> MountCodec.decode(later)).hasMessageContaining("unknown format 6");
  }
}
