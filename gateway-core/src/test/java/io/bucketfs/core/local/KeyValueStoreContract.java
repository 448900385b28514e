package io.bucketfs.core.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.vfs.WouldBlock;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every metadata store does. */
@SuppressWarnings("NullAway.Init") // fields are set before each test
public abstract class KeyValueStoreContract {
  private KeyValueStore store;

  /** Opens a store: the first time an empty one, later the one that was closed. */
  protected abstract KeyValueStore open() throws IOException;

  @BeforeEach
  final void openFirst() throws IOException {
    store = open();
  }

  @AfterEach
  final void closeLast() {
    store.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static Change put(Family family, String key, String value) {
    return new Change.Put(family, bytes(key), bytes(value));
  }

  private @Nullable String get(Family family, String key) throws IOException {
    var value = store.get(family, bytes(key));
    return value == null ? null : new String(value, UTF_8);
  }

  private List<String> scan(String from, @Nullable String to, int max) throws IOException {
    return store.scan(Family.DIRENTS, bytes(from), to == null ? null : bytes(to), max).stream()
        .map(entry -> new String(entry.key(), UTF_8))
        .toList();
  }

  private @Nullable String floor(String from, String at) throws IOException {
    var entry = store.floor(Family.DIRENTS, bytes(from), bytes(at));
    return entry == null ? null : new String(entry.key(), UTF_8);
  }

  @Test
  void returnsWhatWasPut() throws Exception {
    assertThat(get(Family.INODES, "a")).isNull();
    store.write(List.of(put(Family.INODES, "a", "1"), put(Family.INODES, "empty", "")), true);
    assertThat(get(Family.INODES, "a")).isEqualTo("1");
    assertThat(get(Family.INODES, "empty")).isEmpty();
  }

  @Test
  void keepsFamiliesApart() throws Exception {
    for (var family : Family.values()) {
      store.write(List.of(put(family, "key", family.name())), false);
    }
    for (var family : Family.values()) {
      assertThat(get(family, "key")).isEqualTo(family.name());
    }
  }

  @Test
  void appliesABatchInOrder() throws Exception {
    store.write(
        List.of(
            put(Family.DIRENTS, "b", "1"),
            new Change.Delete(Family.DIRENTS, bytes("b")),
            put(Family.DIRENTS, "a", "1"),
            new Change.DeleteRange(Family.DIRENTS, bytes("a"), bytes("z")),
            put(Family.DIRENTS, "c", "2")),
        true);
    assertThat(scan("", null, 10)).containsExactly("c");
  }

  @Test
  void deletesARangeWithoutItsEnd() throws Exception {
    fill("a", "b", "c", "d");
    store.write(List.of(new Change.DeleteRange(Family.DIRENTS, bytes("b"), bytes("d"))), true);
    assertThat(scan("", null, 10)).containsExactly("a", "d");
  }

  @Test
  void takesAnEmptyRangeForNothing() throws Exception {
    fill("a");
    store.write(
        List.of(
            new Change.DeleteRange(Family.DIRENTS, bytes("a"), bytes("a")),
            new Change.DeleteRange(Family.DIRENTS, bytes("z"), bytes("a"))),
        true);
    assertThat(scan("", null, 10)).containsExactly("a");
  }

  @Test
  void scansFromInclusiveToExclusive() throws Exception {
    fill("a", "b", "c", "d");
    assertThat(scan("b", "d", 10)).containsExactly("b", "c");
    assertThat(scan("b", null, 10)).containsExactly("b", "c", "d");
    assertThat(scan("b", null, 2)).containsExactly("b", "c");
    assertThat(scan("e", null, 2)).isEmpty();
  }

  @Test
  void findsTheLastEntryAtOrBelow() throws Exception {
    fill("b", "d");
    assertThat(floor("a", "c")).isEqualTo("b");
    assertThat(floor("a", "d")).isEqualTo("d");
    assertThat(floor("a", "z")).isEqualTo("d");
    assertThat(floor("c", "c")).isNull();
    assertThat(floor("", "a")).isNull();
  }

  @Test
  void sortsKeysAsUnsignedBytes() throws Exception {
    var low = new byte[] {0x7f};
    var high = new byte[] {(byte) 0x80};
    store.write(
        List.of(
            new Change.Put(Family.EXTENTS, high, low), new Change.Put(Family.EXTENTS, low, low)),
        true);
    assertThat(store.scan(Family.EXTENTS, new byte[0], null, 10).stream().map(Entry::key))
        .containsExactly(low, high);
  }

  @Test
  void answersFromMemoryWhatWasJustWritten() throws Exception {
    fill("a");
    assertThat(store.getFromMemory(Family.DIRENTS, bytes("a"))).isEqualTo(bytes("a"));
  }

  @Test
  void keepsEverythingOverACleanStop() throws Exception {
    store.write(List.of(put(Family.DIRENTS, "synced", "1")), true);
    store.write(List.of(put(Family.DIRENTS, "unsynced", "1")), false);
    store.close();
    store = open();
    assertThat(scan("", null, 10)).containsExactly("synced", "unsynced");
  }

  @Test
  void refusesWorkAfterClose() {
    store.close();
    assertThatThrownBy(() -> store.get(Family.INODES, bytes("a"))).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> store.write(List.of(put(Family.INODES, "a", "")), true))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> store.getFromMemory(Family.INODES, bytes("a")))
        .isSameAs(WouldBlock.INSTANCE);
  }

  @Test
  void agreesWithAMapOverRandomBatches() throws Exception {
    var random = new SplittableRandom(42);
    var model = new TreeMap<byte[], byte[]>(Arrays::compareUnsigned);
    for (var round = 0; round < 300; round++) {
      store.write(randomBatch(random, model), random.nextInt(20) == 0);
      var from = randomKey(random);
      var to = randomKey(random);
      var ordered = Arrays.compareUnsigned(from, to) < 0;
      var expected = ordered ? model.subMap(from, to).keySet() : List.<byte[]>of();
      assertThat(store.scan(Family.REMOTE, from, to, 1000).stream().map(Entry::key).toList())
          .usingElementComparator(Arrays::compareUnsigned)
          .containsExactlyElementsOf(expected);
      var floor = store.floor(Family.REMOTE, new byte[0], to);
      var expectedFloor = model.floorEntry(to);
      assertThat(floor == null ? null : floor.value())
          .isEqualTo(expectedFloor == null ? null : expectedFloor.getValue());
      assertThat(store.get(Family.REMOTE, from)).isEqualTo(model.get(from));
    }
    assertThat(store.diskBytes()).isPositive();
  }

  private static List<Change> randomBatch(
      SplittableRandom random, NavigableMap<byte[], byte[]> model) {
    var batch = new ArrayList<Change>();
    for (var i = random.nextInt(1, 8); i > 0; i--) {
      var key = randomKey(random);
      switch (random.nextInt(8)) {
        case 0 -> {
          var to = randomKey(random);
          batch.add(new Change.DeleteRange(Family.REMOTE, key, to));
          if (Arrays.compareUnsigned(key, to) < 0) {
            model.subMap(key, to).clear();
          }
        }
        case 1, 2 -> {
          batch.add(new Change.Delete(Family.REMOTE, key));
          model.remove(key);
        }
        default -> {
          var value = new byte[random.nextInt(100)];
          random.nextBytes(value);
          batch.add(new Change.Put(Family.REMOTE, key, value));
          model.put(key, value);
        }
      }
    }
    return batch;
  }

  private static byte[] randomKey(SplittableRandom random) {
    var key = new byte[random.nextInt(1, 3)];
    for (var i = 0; i < key.length; i++) {
      key[i] = (byte) (random.nextInt(16) * 17);
    }
    return key;
  }

  private void fill(String... keys) throws IOException {
    store.write(Arrays.stream(keys).map(key -> put(Family.DIRENTS, key, key)).toList(), true);
  }
}
