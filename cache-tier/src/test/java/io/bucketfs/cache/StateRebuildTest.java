package io.bucketfs.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.cache.extent.ExtentSettings;
import io.bucketfs.cache.metadata.DamagedMetadataException;
import io.bucketfs.core.Gateway;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.content.Restoration;
import io.bucketfs.core.local.ExtentStore.Replayed;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.object.MemoryStores;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Metadata that is damaged is told from metadata that is new, and comes back (CORRECTNESS 7). */
@Timeout(120)
@SuppressWarnings("NullAway.Init") // JUnit sets the directory
final class StateRebuildTest {
  private static final PooledByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;
  private static final int LARGE = 3_000_000;

  /** With small extent files, so that a large file lies in several. */
  private static final TierSettings SETTINGS =
      new TierSettings(new ExtentSettings(LARGE, 8 << 20, 64), 16 << 20);

  private static final Duration NEVER = Duration.ofHours(1);

  @TempDir private Path parent;
  private final ThreadExecution execution = new ThreadExecution(4, Meters.NONE);
  private final MemoryStores stores = new MemoryStores(execution);
  private LocalTiers local;
  private Gateway gateway;
  private FileId root;

  @BeforeEach
  void begin() throws Exception {
    start();
    var location = new BucketLocation("b", "us-east-1", null, true, new Credentials.Anonymous());
    var policy = new Mount.Policy(false, NEVER, NEVER, 0, 0, 0644, 0755);
    var request = new MountRequest("b", location, "", policy);
    var mount = gateway.administration().createMount(request).mount();
    root = new FileId(mount.number(), FileId.ROOT_INODE, 1);
  }

  private void start() throws IOException {
    local = LocalTiers.open(state(), SETTINGS, execution, ALLOCATOR, Meters.NONE);
    gateway =
        Gateway.open(Gateway.Config.ofDisk(8L << 30), local.tier(), stores, execution, Meters.NONE);
    local.lossHandled();
  }

  private void stop() throws IOException {
    gateway.close();
    local.close();
  }

  @AfterEach
  void end() throws IOException {
    stop();
    execution.close();
  }

  private Path state() {
    return parent.resolve("state");
  }

  private FileSystem files() {
    return gateway.fileSystem();
  }

  private static byte[] bytes(int fill, int length) {
    var bytes = new byte[length];
    Arrays.fill(bytes, (byte) fill);
    return bytes;
  }

  private void write(String name, int fill, int length, Stability stability)
      throws FileSystemException {
    var file =
        files()
            .create(
                Caller.ROOT,
                root,
                name,
                new CreateMode.Unchecked(),
                SetAttributes.NONE,
                Patience.FOREVER)
            .attributes()
            .id();
    var data = Unpooled.wrappedBuffer(bytes(fill, length));
    files().write(file, 0, data, stability, Patience.FOREVER);
  }

  private byte[] read(String name) throws FileSystemException {
    var file = files().lookup(Caller.ROOT, root, name, Patience.FOREVER);
    var data = files().read(file.id(), 0, 2 * LARGE, Patience.FOREVER).data();
    try {
      return ByteBufUtil.getBytes(data);
    } finally {
      data.release();
    }
  }

  private void requireNothingWrong() throws Exception {
    assertThat(gateway.administration().check(null, false).findings()).isEmpty();
  }

  /** What was passed on as nameless, by inode. */
  private final Map<Long, byte[]> unnamed = new HashMap<>();

  private StateRebuild.Result rebuild(boolean mayBeEmpty) throws IOException {
    return new StateRebuild(state(), SETTINGS, execution, ALLOCATOR)
        .run(
            mayBeEmpty,
            (tier, whole) -> {
              if (!whole) {
                Restoration.findUnnamed(
                    tier,
                    (_, inode, _, offset, data) -> {
                      assertThat(offset).isZero();
                      unnamed.put(inode, ByteBufUtil.getBytes(data));
                    });
              }
              Restoration.prepare(tier.metadata(), whole);
            });
  }

  private List<Path> metadata(String suffix) throws IOException {
    try (var found = Files.walk(state().resolve("metadata"))) {
      return found
          .filter(path -> path.toString().endsWith(suffix))
          .sorted(Comparator.comparing(path -> path.getFileName().toString()))
          .toList();
    }
  }

  private List<String> logNames() throws IOException {
    return metadata(".log").stream().map(log -> log.getFileName().toString()).toList();
  }

  private List<Path> logsBeside(List<String> names) throws IOException {
    return metadata(".log").stream()
        .filter(log -> !names.contains(log.getFileName().toString()))
        .toList();
  }

  private void requireRefused() {
    assertThatThrownBy(this::start)
        .isInstanceOf(DamagedMetadataException.class)
        .hasMessageContaining("bucketfs rebuild --state " + state());
  }

  @Test
  void nothingIsMissingWhereTheLogIsThere() throws Exception {
    write("small", 1, 100, Stability.FILE_SYNC);
    write("large", 2, LARGE, Stability.FILE_SYNC);
    write("gone", 3, 10, Stability.FILE_SYNC);
    stop();
    start();
    write("later", 4, 5_000, Stability.FILE_SYNC);
    files().remove(Caller.ROOT, root, "gone", Patience.FOREVER);
    files().rename(Caller.ROOT, root, "small", root, "renamed", Patience.FOREVER);
    stop();
    Files.delete(metadata("CURRENT").getFirst());
    requireRefused();
    assertThat(metadata("CURRENT")).isEmpty();

    var result = rebuild(false);

    assertThat(result.whole()).isTrue();
    assertThat(result.damaged().resolve("metadata")).isDirectory();
    start();
    assertThat(read("renamed")).isEqualTo(bytes(1, 100));
    assertThat(read("large")).isEqualTo(bytes(2, LARGE));
    assertThat(read("later")).isEqualTo(bytes(4, 5_000));
    assertThatThrownBy(() -> read("gone")).isInstanceOf(FileSystemException.class);
    assertThatThrownBy(() -> read("small")).isInstanceOf(FileSystemException.class);
    requireNothingWrong();
    // And it can be rebuilt again.
    write("last", 5, 10, Stability.FILE_SYNC);
    stop();
    Files.delete(metadata("CURRENT").getFirst());
    assertThat(rebuild(false).whole()).isTrue();
    start();
    assertThat(read("last")).isEqualTo(bytes(5, 10));
    requireNothingWrong();
  }

  @Test
  void metadataThatAreGoneAreNotTakenForNewOnes() throws Exception {
    write("f", 1, 100, Stability.FILE_SYNC);
    stop();
    Files.move(state().resolve("metadata"), parent.resolve("elsewhere"));
    requireRefused();
    Files.move(parent.resolve("elsewhere"), state().resolve("metadata"));
    start();
    assertThat(read("f")).isEqualTo(bytes(1, 100));
  }

  /** The write log knows what was written after the metadata's log was damaged. */
  @Test
  void dataComeBackWhereTheLogIsDamaged() throws Exception {
    write("known", 1, LARGE, Stability.FILE_SYNC);
    stop();
    var logs = logNames();
    start();
    write("known", 2, LARGE, Stability.FILE_SYNC);
    write("new", 3, LARGE, Stability.FILE_SYNC);
    var number = files().lookup(Caller.ROOT, root, "new", Patience.FOREVER).id().inode();
    stop();
    damage(logsBeside(logs).getFirst(), 20);
    Files.delete(metadata("CURRENT").getFirst());

    var result = rebuild(false);

    assertThat(result.whole()).isFalse();
    assertThat(unnamed).containsOnlyKeys(number);
    assertThat(unnamed.get(number)).isEqualTo(bytes(3, LARGE));
    start();
    assertThat(read("known")).isEqualTo(bytes(2, LARGE));
    assertThatThrownBy(() -> read("new")).isInstanceOf(FileSystemException.class);
    requireNothingWrong();
    write("another", 4, 10, Stability.FILE_SYNC);
    assertThat(files().lookup(Caller.ROOT, root, "another", Patience.FOREVER).id().inode())
        .isGreaterThan(number);
  }

  @Test
  void aLogFileThatIsMissingInTheMiddleIsNoticed() throws Exception {
    write("a", 1, 10, Stability.FILE_SYNC);
    stop();
    var first = logNames();
    start();
    write("b", 2, 10, Stability.FILE_SYNC);
    stop();
    var second = logsBeside(first).getFirst().getFileName().toString();
    start();
    write("c", 3, 10, Stability.FILE_SYNC);
    stop();
    Files.delete(metadata(second).getFirst());
    Files.delete(metadata("CURRENT").getFirst());
    assertThat(rebuild(false).whole()).isFalse();
    start();
    assertThat(read("a")).isEqualTo(bytes(1, 10));
  }

  /** As where the evictor moved bytes after the log was damaged, and removed where they were. */
  @Test
  void bytesThatWereMovedSinceAreFound() throws Exception {
    write("f", 1, LARGE, Stability.FILE_SYNC);
    var extents = local.tier().extents();
    var old = new ArrayList<Replayed>();
    extents.replay(0, 0, old::add);
    for (var each : old) {
      var record = each.record();
      var data = extents.read(record, 0, record.length(), Patience.FOREVER);
      var copy =
          extents.append(
              Stream.WRITE,
              record.mount(),
              each.inode(),
              record.content(),
              record.sequence(),
              each.offset(),
              data);
      data.release();
      assertThat(copy.file()).isGreaterThan(record.file());
    }
    stop();
    Files.delete(metadata("CURRENT").getFirst());
    for (var each : old) {
      for (var name : extentFiles("%d".formatted(each.record().file()))) {
        Files.deleteIfExists(name);
      }
    }
    rebuild(false);
    start();
    assertThat(read("f")).isEqualTo(bytes(1, LARGE));
    requireNothingWrong();
  }

  private List<Path> extentFiles(String number) throws IOException {
    try (var found = Files.list(state().resolve("extents"))) {
      return found
          .filter(path -> path.getFileName().toString().matches("0*" + number + "\\..*"))
          .toList();
    }
  }

  @Test
  void withoutACheckpointTheDataAreLeft() throws Exception {
    write("f", 7, LARGE, Stability.FILE_SYNC);
    stop();
    Files.delete(metadata("CURRENT").getFirst());
    Files.move(state().resolve("checkpoints"), parent.resolve("lost"));
    assertThatThrownBy(() -> rebuild(false))
        .isInstanceOf(StateDirectoryException.class)
        .hasMessageContaining("there is none");

    var result = rebuild(true);

    assertThat(result.checkpoint()).isZero();
    assertThat(unnamed.values()).containsExactly(bytes(7, LARGE));
    start();
    assertThat(gateway.administration().mounts()).isEmpty();
    requireNothingWrong();
  }

  private static void damage(Path file, int at) throws IOException {
    var bytes = Files.readAllBytes(file);
    bytes[at] ^= 1;
    Files.write(file, bytes);
  }
}
