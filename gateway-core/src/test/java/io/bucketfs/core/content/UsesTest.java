package io.bucketfs.core.content;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore;
import io.bucketfs.core.local.ExtentStore.FileInfo;
import io.bucketfs.core.store.Extent;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class UsesTest {
  private static final int MIB = 1 << 20;
  private static final int FILE_BYTES = 4 * MIB;

  /** Holds sixteen files. */
  private static final long DISK_BYTES = 16L * FILE_BYTES;

  private final Uses uses = new Uses(DISK_BYTES);
  private final Victims victims = new Victims(uses);

  private static ExtentRecord record(long file, int position) {
    return new ExtentRecord(file, position, MIB, 1, file, 0, new int[16]);
  }

  private void read(long file) {
    for (var at = 0; at < FILE_BYTES; at += MIB) {
      uses.used(record(file, at), 0, MIB);
    }
  }

  private void fetch(long file, long content) {
    for (var at = 0; at < FILE_BYTES; at += MIB) {
      uses.fetched(new ExtentRecord(file, at, MIB, 1, content, 0, new int[16]), at);
    }
    read(file);
  }

  private void drop(long file, long content) {
    for (var at = 0; at < FILE_BYTES; at += MIB) {
      uses.dropped(1, content, new Extent(at, MIB, 0, record(file, at), 0));
    }
  }

  private double worth(long file) {
    return uses.worth(file, FILE_BYTES).perByte();
  }

  private List<Long> order(long... files) {
    var infos =
        Arrays.stream(files)
            .mapToObj(file -> new FileInfo(file, ExtentStore.Stream.FILL, FILE_BYTES, false, false))
            .toList();
    // Of a disk so small that nothing is kept for being new.
    return victims.inOrder(infos, 0).stream().map(FileInfo::file).toList();
  }

  @Test
  void whatIsReadOnceGoesInTheOrderOfItsAge() {
    for (var file = 1; file <= 4; file++) {
      fetch(file, file);
    }
    // Long enough that their ages tell them apart.
    for (var file = 5; file <= 60; file++) {
      fetch(file, file);
    }
    assertThat(order(1, 30, 60)).containsExactly(1L, 30L, 60L);
  }

  @Test
  void whatIsReadAgainIsWorthMoreThanAScan() {
    fetch(1, 1);
    for (var file = 2; file <= 12; file++) {
      fetch(file, file);
    }
    read(1);
    fetch(20, 20);
    assertThat(order(1, 12, 20)).containsExactly(12L, 20L, 1L);
    assertThat(uses.worth(1, FILE_BYTES).isReused()).isTrue();
    assertThat(worth(1)).isGreaterThan(5 * worth(20));
  }

  @Test
  void readingTheSameBytesManyTimesAtOnceIsOneUse() {
    for (var i = 0; i < 10_000; i++) {
      uses.used(record(1, 0), i % 64 * 4096, 4096);
    }
    assertThat(uses.worth(1, MIB).isReused()).isFalse();
  }

  /** Twenty files in turns, where sixteen fit. */
  @Test
  void ofALoopTheNewestGoes() {
    for (var turn = 0; turn < 3; turn++) {
      for (var file = 1; file <= 20; file++) {
        read(file);
      }
    }
    assertThat(order(3, 9, 15)).containsExactly(15L, 9L, 3L);
  }

  /** It was dropped and is in another file now. */
  @Test
  void aFetchOfWhatWasDroppedIsAnotherUse() {
    fetch(1, 7);
    drop(1, 7);
    for (var file = 2; file <= 10; file++) {
      fetch(file, file);
    }
    fetch(11, 7);
    assertThat(uses.worth(11, FILE_BYTES).isReused()).isTrue();
    assertThat(worth(11)).isGreaterThan(2 * worth(10));
  }

  @Test
  void whatIsNoLongerReadIsWorthLessThanWhatIsReadNow() {
    for (var turn = 0; turn < 10; turn++) {
      for (var file = 1; file <= 8; file++) {
        read(file);
      }
    }
    for (var turn = 0; turn < 2; turn++) {
      for (var file = 21; file <= 30; file++) {
        read(file);
      }
    }
    assertThat(order(1, 21)).containsExactly(1L, 21L);
  }

  @Test
  void aCopyIsWorthWhatItsSourceWas() {
    for (var turn = 0; turn < 2; turn++) {
      for (var file = 1; file <= 4; file++) {
        read(file);
      }
    }
    uses.copied(record(1, MIB), 0, record(50, 0));
    assertThat(uses.worth(50, MIB).perByte()).isEqualTo(worth(1));
  }

  @Test
  void aFileThatIsGoneIsForgotten() {
    read(1);
    read(2);
    read(1);
    uses.retain(new TreeSet<>(List.of(2L)), DISK_BYTES);
    assertThat(uses.worth(1, FILE_BYTES).isReused()).isFalse();
  }
}
