package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.Immutable;
import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.check.CheckReport;
import io.bucketfs.core.check.Finding;
import io.bucketfs.core.check.Finding.Kind;
import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.local.KeyValueStore.Entry;
import io.bucketfs.core.store.DirentKey;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Keys;
import io.bucketfs.core.store.RecordReader;
import io.bucketfs.core.store.RecordWriter;
import io.bucketfs.core.store.Usage;
import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code bucketfs check} finds each kind of damage, and nothing where there is none. */
@Timeout(60)
class CheckTest {
  /** Of an inode's stored form: its link count is a small number. */
  private static final int LINKS_LOWEST_BYTE = 8;

  private static final int RECORD_HEADER_BYTES = 64 + Integer.BYTES;

  /** What happens behind the gateway's back. */
  @Immutable
  @FunctionalInterface
  private interface Act {
    void harm(Scene scene) throws Exception;
  }

  /** One kind of damage, and what the check is to call it. */
  enum Damage {
    BIT_ROT_IN_A_CLEAN_FILE(Kind.DAMAGED_COPY, scene -> scene.rot("clean")),
    BIT_ROT_IN_A_DIRTY_FILE(Kind.DAMAGED_DATA, scene -> scene.rot("dirty")),
    BIT_ROT_IN_A_HEADER(
        Kind.DAMAGED_DATA,
        scene -> {
          var record = scene.record("dirty");
          scene.world.disk().flipBit(Scene.fileName(record), record.position() + 20, 3);
        }),
    AN_EXTENT_FILE_IS_CUT_SHORT(
        Kind.DAMAGED_DATA,
        scene -> {
          var name = Scene.fileName(scene.record("dirty"));
          scene.world.disk().truncate(name, scene.record("dirty").position() + 100);
        }),
    AN_EXTENT_FILE_IS_MISSING(
        Kind.MISSING_FILE,
        scene -> scene.world.disk().delete(Scene.fileName(scene.record("dirty")))),
    A_FILE_LIES_BESIDE_THE_EXTENT_FILES(
        Kind.STRAY_FILE, scene -> scene.world.disk().create("core.4711").close()),
    AN_ENTRY_OF_THE_DIRTY_QUEUE_IS_LOST(
        Kind.DIRTY_QUEUE, scene -> scene.delete(Family.DIRTY, scene.inodeKey("dirty"))),
    A_LINK_COUNT_IS_WRONG(Kind.LINK_COUNT, scene -> scene.setLinks("hard", 3)),
    A_LINK_COUNT_OF_A_DIRECTORY_IS_WRONG(Kind.LINK_COUNT, scene -> scene.setLinks("dir", 7)),
    A_NAME_LEADS_TO_NOTHING(
        Kind.NAME, scene -> scene.delete(Family.INODES, scene.inodeKey("clean"))),
    A_NAME_IS_NOT_LISTED(
        Kind.NAME, scene -> scene.delete(Family.COOKIES, scene.only(Family.COOKIES, "dir").key())),
    A_NAME_IS_LISTED_AND_NOT_THERE(
        Kind.NAME,
        scene -> scene.delete(Family.DIRENTS, Keys.dirent(1, FileId.ROOT_INODE, "hard"))),
    A_NAME_IS_NOT_KNOWN_TO_ITS_INODE(
        Kind.NAME, scene -> scene.delete(Family.LINKS, scene.only(Family.LINKS, "clean").key())),
    A_DIRECTORY_IS_NOT_IN_ITS_PARENT(
        Kind.INODE,
        scene -> {
          var name = DirentKey.ofLink(scene.only(Family.LINKS, "dir").key());
          scene.delete(Family.DIRENTS, Keys.dirent(1, name.directory(), name.name()));
          scene.delete(Family.LINKS, scene.only(Family.LINKS, "dir").key());
          scene.delete(Family.COOKIES, scene.cookieOf("dir"));
        }),
    A_FILE_WITHOUT_NAMES_IS_NOT_FREED(
        Kind.INODE,
        scene -> {
          scene.setLinks("dirty", 0);
          scene.delete(Family.DIRENTS, Keys.dirent(1, FileId.ROOT_INODE, "dirty"));
          scene.delete(Family.COOKIES, scene.cookieOf("dirty"));
          scene.delete(Family.LINKS, scene.only(Family.LINKS, "dirty").key());
        }),
    EXTENTS_OVERLAP(
        Kind.EXTENT,
        scene -> {
          var entry = scene.extent("dirty");
          var place = new RecordReader(entry.key());
          var mount = place.i32();
          var content = place.i64();
          var record = scene.record("dirty");
          scene.put(Family.EXTENTS, Keys.extent(mount, content, 10), entry.value());
          scene.put(
              Family.REFERENCES,
              Keys.reference(record.file(), record.position(), mount, content, 10),
              Keys.number(scene.at("dirty").id().inode()));
        }),
    EXTENTS_BELONG_TO_NOBODY(
        Kind.EXTENT,
        scene -> {
          var record = scene.record("dirty");
          scene.put(Family.EXTENTS, Keys.extent(1, 999_999, 0), scene.extent("dirty").value());
          scene.put(
              Family.REFERENCES,
              Keys.reference(record.file(), record.position(), 1, 999_999, 0),
              Keys.number(scene.at("dirty").id().inode()));
        }),
    A_REFERENCE_IS_LOST(
        Kind.REFERENCE, scene -> scene.delete(Family.REFERENCES, scene.reference("dirty"))),
    A_REFERENCE_IS_LEFT_OVER(
        Kind.REFERENCE, scene -> scene.delete(Family.EXTENTS, scene.extent("clean").key())),
    LIVE_BYTES_ARE_WRONG(
        Kind.REFERENCE,
        scene ->
            scene.put(
                Family.FILES, Keys.number(scene.record("dirty").file()), Keys.number(12_345))),
    LIVE_BYTES_OF_A_FILE_THAT_IS_GONE_ARE_LEFT(
        Kind.REFERENCE, scene -> scene.put(Family.FILES, Keys.number(777), Keys.number(1))),
    PARTS_OF_AN_UPLOAD_ARE_LEFT_OVER(
        Kind.UPLOAD,
        scene ->
            scene.put(
                Family.PARTS,
                Keys.part(1, 7, 2),
                // Of the first byte, with the number 2, an empty tag and no checksum.
                new RecordWriter(64).i64(0).i32(2).text("").optionalText(null).i64(5).toBytes())),
    A_JOB_HAS_ANOTHER_NUMBER_OF_OBJECTS_LEFT(
        Kind.BULK,
        scene -> {
          var removal = scene.removal();
          var changed = removal.value().clone();
          changed[changed.length - Long.BYTES - 1]++;
          scene.put(Family.BULK, removal.key(), changed);
        }),
    A_JOB_IS_LOST(Kind.BULK, scene -> scene.delete(Family.BULK, scene.removal().key())),
    A_MARK_OF_A_JOB_IS_LOST(
        Kind.BULK,
        scene -> {
          scene.removal();
          var marks = scene.world.metadata().scan(Family.STALE, Keys.mount(1), Keys.mount(2), 2);
          scene.delete(Family.STALE, marks.getFirst().key());
        }),
    REMOVALS_GO_TO_A_JOB_THAT_IS_NOT_THERE(
        Kind.BULK, scene -> scene.put(Family.BULK, Keys.bulk(1, 0), Keys.number(4_711))),
    A_LAST_USE_IS_LOST(Kind.LAST_USE, scene -> scene.delete(Family.READS, scene.inodeKey("dirty"))),
    A_LAST_USE_OF_A_FILE_THAT_IS_GONE_IS_LEFT(
        Kind.LAST_USE,
        scene ->
            scene.put(Family.READS, Keys.inode(1, 999_999), new RecordWriter(4).i32(7).toBytes())),
    A_LAST_USE_IS_IN_THE_FUTURE(
        Kind.LAST_USE,
        scene ->
            scene.put(
                Family.READS,
                scene.inodeKey("dirty"),
                new RecordWriter(4).i32(Integer.MAX_VALUE).toBytes())),
    A_LAST_USE_IS_NO_DAY(
        Kind.LAST_USE, scene -> scene.put(Family.READS, scene.inodeKey("dirty"), new byte[3])),
    A_LAST_USE_IS_OF_NO_INODE(
        Kind.LAST_USE, scene -> scene.put(Family.READS, Keys.mount(1), Keys.number(7))),
    A_PIN_HAS_AN_IMPOSSIBLE_SIZE(
        Kind.PIN, scene -> scene.put(Family.PINS, scene.inodeKey("dirty"), pin(1, -1))),
    A_PIN_IS_OF_ANOTHER_VERSION(
        Kind.PIN, scene -> scene.put(Family.PINS, scene.inodeKey("dirty"), pin(2, 5))),
    A_PIN_IS_CUT_OFF(
        Kind.PIN,
        scene -> scene.put(Family.PINS, scene.inodeKey("dirty"), Arrays.copyOf(pin(1, 5), 16))),
    A_PIN_IS_EMPTY(Kind.PIN, scene -> scene.put(Family.PINS, scene.inodeKey("dirty"), new byte[0])),
    A_PIN_IS_OF_NO_INODE(Kind.PIN, scene -> scene.put(Family.PINS, Keys.mount(1), pin(1, 5))),
    USAGE_IS_WRONG(
        Kind.USAGE, scene -> scene.put(Family.USAGE, Keys.mount(1), new Usage(5, 5).encode()));

    private final Kind kind;
    private final Act act;

    /** A stored pin of a format and a size. */
    private static byte[] pin(int format, long bytes) {
      return new RecordWriter(17).u8(format).i64(bytes).i64(5).toBytes();
    }

    Damage(Kind kind, Act act) {
      this.kind = kind;
      this.act = act;
    }
  }

  /** A world with a clean file, a dirty one, one with two names, and a directory. */
  private static final class Scene {
    private static final int BYTES = 20_000;

    private final SimulatedWorld world;

    Scene(SimulatedWorld world) throws Exception {
      this.world = world;
      world.start();
      world.createMount();
      write("clean");
      write("hard");
      world.files().link(Caller.ROOT, at("hard").id(), world.root(), "hard too", Patience.FOREVER);
      var dir = make(world.root(), "dir");
      make(dir, "sub");
      flush();
      write("dirty");
      // Until its bytes are nowhere but in the extent file.
      world.execution.sleep(Duration.ofSeconds(10));
    }

    private FileId make(FileId parent, String name) throws FileSystemException {
      return world
          .files()
          .make(
              Caller.ROOT,
              parent,
              name,
              new NewNode.Directory(),
              SetAttributes.NONE,
              Patience.FOREVER)
          .attributes()
          .id();
    }

    private static byte[] bytes(String name) {
      var bytes = new byte[BYTES];
      Arrays.fill(bytes, (byte) name.hashCode());
      return bytes;
    }

    private void flush() throws AdminException {
      assertThat(world.gateway().administration().flush("sim", "", true).failing()).isEmpty();
    }

    private void rename(String from, String to) throws FileSystemException {
      world.files().rename(Caller.ROOT, world.root(), from, world.root(), to, Patience.FOREVER);
    }

    private void write(String name) throws FileSystemException {
      var file = world.create(name);
      var data = Unpooled.wrappedBuffer(bytes(name));
      world.files().write(file, 0, data, Stability.FILE_SYNC, Patience.FOREVER);
    }

    Attributes at(String name) throws FileSystemException {
      return world.files().lookup(Caller.ROOT, world.root(), name, Patience.FOREVER);
    }

    byte[] inodeKey(String name) throws FileSystemException {
      return Keys.inode(1, at(name).id().inode());
    }

    /** The only entry whose key begins with that of the inode. */
    Entry only(Family family, String name) throws Exception {
      var from = inodeKey(name);
      var found = world.metadata().scan(family, from, Keys.endOfPrefix(from), 2);
      assertThat(found).hasSize(1);
      return found.getFirst();
    }

    /** The entry of the root's listing that has a name. */
    byte[] cookieOf(String name) throws Exception {
      var from = Keys.inode(1, FileId.ROOT_INODE);
      for (var entry : world.metadata().scan(Family.COOKIES, from, Keys.endOfPrefix(from), 99)) {
        var value = new RecordReader(entry.value());
        value.i64();
        if (value.restText().equals(name)) {
          return entry.key();
        }
      }
      throw new AssertionError(name);
    }

    /** The one extent of a file. */
    Entry extent(String name) throws Exception {
      var inode = at(name).id().inode();
      for (var entry : world.metadata().scan(Family.REFERENCES, new byte[0], null, 99)) {
        if (new RecordReader(entry.value()).i64() == inode) {
          var key = new RecordReader(entry.key());
          key.i64();
          key.i64();
          var place = Keys.extent(key.i32(), key.i64(), key.i64());
          return world.metadata().scan(Family.EXTENTS, place, null, 1).getFirst();
        }
      }
      throw new AssertionError(name);
    }

    /** Removes a file, and lets its object stay for now; the job that it is of. */
    Entry removal() throws Exception {
      world.files().remove(Caller.ROOT, world.root(), "clean", Patience.FOREVER);
      world.execution.sleep(Duration.ofSeconds(1));
      var first = Keys.bulk(1, 1);
      return world.metadata().scan(Family.BULK, first, Keys.mount(2), 1).getFirst();
    }

    ExtentRecord record(String name) throws Exception {
      return Extent.ofEntry(extent(name)).requireRecord();
    }

    byte[] reference(String name) throws Exception {
      var record = record(name);
      var from = Keys.record(record.file(), record.position());
      return world.metadata().scan(Family.REFERENCES, from, null, 1).getFirst().key();
    }

    static String fileName(ExtentRecord record) {
      return String.format(Locale.ROOT, "%012d.w", record.file());
    }

    void rot(String name) throws Exception {
      var record = record(name);
      world.disk().flipBit(fileName(record), record.position() + RECORD_HEADER_BYTES + 1_000, 2);
    }

    /** Lets an exported file rest on an object of another name of the same length. */
    void restOn(FileId file, String key, String other) throws Exception {
      var inode = Keys.inode(1, file.inode());
      var stored = new String(inode(inode), StandardCharsets.ISO_8859_1);
      assertThat(stored).contains(key);
      put(Family.INODES, inode, stored.replace(key, other).getBytes(StandardCharsets.ISO_8859_1));
    }

    private byte[] inode(byte[] key) throws Exception {
      var value = world.metadata().get(Family.INODES, key);
      if (value == null) {
        throw new AssertionError("no such inode");
      }
      return value;
    }

    void setLinks(String name, int links) throws Exception {
      var key = inodeKey(name);
      var changed = inode(key).clone();
      changed[LINKS_LOWEST_BYTE] = (byte) links;
      put(Family.INODES, key, changed);
    }

    void put(Family family, byte[] key, byte[] value) throws Exception {
      world.metadata().write(List.of(new Change.Put(family, key, value)), true);
    }

    void delete(Family family, byte[] key) throws Exception {
      assertThat(world.metadata().get(family, key)).isNotNull();
      world.metadata().write(List.of(new Change.Delete(family, key)), true);
    }

    CheckReport check() throws Exception {
      return world.gateway().administration().check(null, true);
    }

    byte[] read(String name) throws FileSystemException {
      return SimulatedClient.contents(world.files(), at(name).id());
    }
  }

  /** What a test does with a scene, before and after a restart. */
  @FunctionalInterface
  private interface Play {
    void run(Scene scene) throws Exception;
  }

  private static void play(Play before, Play after) {
    var world = new SimulatedWorld(1, 1L << 40);
    var scenes = new ArrayList<Scene>();
    world.execution.run(() -> {
      var scene = new Scene(world);
      scenes.add(scene);
      before.run(scene);
    });
    world.crash(Crash.KILL);
    world.execution.run(() -> {
      world.start();
      after.run(scenes.getFirst());
    });
    world.execution.abandonAll();
  }

  @ParameterizedTest
  @EnumSource(Damage.class)
  void damageIsFound(Damage damage) {
    play(
        scene -> damage.act.harm(scene),
        scene ->
            assertThat(scene.check().findings()).extracting(Finding::kind).contains(damage.kind));
  }

  @Test
  void nothingIsFoundWhereNothingIsWrong() {
    play(
        scene -> assertThat(scene.check().findings()).isEmpty(),
        scene -> {
          var report = scene.check();
          assertThat(report.findings()).isEmpty();
          assertThat(report.found()).isZero();
          assertThat(report.inodes()).isEqualTo(6);
          assertThat(report.names()).isEqualTo(6);
          assertThat(report.extents()).isEqualTo(3);
          assertThat(report.records()).isEqualTo(3);
          assertThat(report.bytes()).isEqualTo(3 * Scene.BYTES);
          var ofMount = scene.world.gateway().administration().check("sim", false);
          assertThat(ofMount.extents()).isEqualTo(3);
          assertThat(ofMount.bytes()).isZero();
        });
  }

  /** Whoever had no days of last uses, pins and jobs goes on without them, and gets the days. */
  @Test
  void stateOfAnEarlierVersionIsWhole() {
    play(
        scene -> {
          for (var family : List.of(Family.READS, Family.PINS, Family.BULK)) {
            scene
                .world
                .metadata()
                .write(List.of(new Change.DeleteRange(family, new byte[0], Keys.mount(9))), true);
          }
          scene.delete(Family.GATEWAY, Keys.lastReadsComplete());
        },
        scene -> {
          scene.world.execution.sleep(Duration.ofDays(2));
          assertThat(scene.check().findings()).isEmpty();
          assertThat(scene.world.metadata().get(Family.GATEWAY, Keys.lastReadsComplete()))
              .isNotNull();
          assertThat(scene.world.metadata().get(Family.READS, scene.inodeKey("hard"))).isNotNull();
        });
  }

  @Test
  void aDamagedCopyIsFetchedAgainAndThenTheCheckFindsNothing() {
    play(
        scene -> scene.rot("clean"),
        scene -> {
          assertThat(scene.check().found()).isEqualTo(1);
          assertThat(scene.read("clean")).isEqualTo(Scene.bytes("clean"));
          assertThat(scene.check().findings()).isEmpty();
        });
  }

  @Test
  void damagedDataAreAnErrorAndNeverWrongBytes() {
    play(
        scene -> scene.rot("dirty"),
        scene -> {
          assertThatThrownBy(() -> scene.read("dirty"))
              .isInstanceOfSatisfying(
                  FileSystemException.class, e -> assertThat(e.error()).isEqualTo(FsError.IO));
          assertThat(scene.check().findings())
              .singleElement()
              .matches(finding -> finding.mount().equals("sim"));
          assertThat(scene.read("clean")).isEqualTo(Scene.bytes("clean"));
        });
  }

  @Test
  void aFileOfWhichBytesAreMissingIsReportedAndNotExported() {
    play(
        scene -> scene.world.disk().delete(Scene.fileName(scene.record("dirty"))),
        scene -> {
          var flushed = scene.world.gateway().administration().flush("sim", "", true);
          assertThat(flushed.failing()).singleElement().asString().contains("missing");
          assertThat(scene.world.bucket.foreign().keys()).doesNotContain("dirty");
        });
  }

  @Test
  void wrongCountersArePutRight() {
    play(
        scene -> scene.put(Family.USAGE, Keys.mount(1), new Usage(5, 5).encode()),
        scene -> {
          assertThat(scene.check().found()).isEqualTo(1);
          assertThat(scene.check().found()).isZero();
        });
  }

  @Test
  void oneCheckRunsAtATime() {
    play(
        scene -> {
          var refused = new AtomicInteger();
          for (var i = 0; i < 2; i++) {
            scene.world.execution.fork(
                "check",
                () -> {
                  try {
                    scene.check();
                  } catch (Exception e) {
                    assertThat(e).hasMessageContaining("running already");
                    refused.incrementAndGet();
                  }
                });
          }
          scene.world.execution.sleep(Duration.ofSeconds(1));
          assertThat(refused).hasValue(1);
        },
        scene -> assertThat(scene.check().findings()).isEmpty());
  }

  /** What is below an empty file does not say where its object is. */
  @Test
  void findsNothingInADirectoryThatMovesOnceMore() {
    play(
        scene -> {
          var empty = scene.world.create(scene.at("dir").id(), "empty");
          scene.flush();
          scene.restOn(empty, "dir/empty", "old/empty");
          scene.rename("dir", "moved");
        },
        scene -> {
          assertThat(scene.check().findings()).isEmpty();
          scene.flush();
          assertThat(scene.world.bucket.foreign().keys()).contains("moved/empty");
          assertThat(scene.check().findings()).isEmpty();
        });
  }

  /** What clients change meanwhile is never taken for damage. */
  @Test
  void findsNothingWhileClientsWork() {
    for (var seed = 1; seed <= 3; seed++) {
      var world = new SimulatedWorld(seed, 1L << 40);
      world.execution.run(() -> {
        world.start();
        world.createMount();
        var clients = new ArrayList<SimulatedClient>();
        for (var i = 0; i < 3; i++) {
          var client = new SimulatedClient(world, i, new HashSet<>());
          client.makeHome();
          clients.add(client);
        }
        for (var round = 0; round < 15; round++) {
          var done = new CountDownLatch(clients.size());
          for (var client : clients) {
            world.execution.fork("client", () -> hurry(client, done));
          }
          for (var i = 0; i < 3; i++) {
            assertThat(world.gateway().administration().check(null, true).findings()).isEmpty();
          }
          done.await();
          world.execution.sleep(Duration.ofSeconds(20));
        }
      });
      world.execution.abandonAll();
    }
  }

  private static void hurry(SimulatedClient client, CountDownLatch done) {
    try {
      client.hurry(20);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    done.countDown();
  }
}
