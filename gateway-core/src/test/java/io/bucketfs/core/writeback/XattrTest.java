package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.object.Xattrs;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem.XattrMode;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Extended attributes, from the namespace to the bucket and back. */
@Timeout(60)
final class XattrTest {
  private static void set(World world, FileId file, String name, String value)
      throws FileSystemException {
    world.files.setXattr(
        World.ROOT, file, name, value.getBytes(UTF_8), XattrMode.EITHER, Patience.FOREVER);
  }

  private static String get(World world, FileId file, String name) throws FileSystemException {
    return new String(world.files.xattr(World.ROOT, file, name, Patience.FOREVER), UTF_8);
  }

  private interface Call {
    void run() throws Exception;
  }

  private static void assertFails(FsError error, Call call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            FileSystemException.class, e -> assertThat(e.error()).isEqualTo(error));
  }

  @Test
  void theyTravelWithTheObjectAndComeBack() {
    WriteBackTest.play(world -> {
      var file = world.write("f", "bytes");
      var directory = world.mkdir("d");
      set(world, file, "Origin", "a b");
      set(world, directory, "k", "v");
      world.flush();
      assertThat(world.metadata("f")).containsEntry("xattr-.4frigin", "0sYSBi");
      assertThat(world.metadata("d/")).containsEntry("xattr-k", "v");
      set(world, file, "more", "1");
      world.flush();
      assertThat(world.object("f")).isEqualTo("bytes");
      assertThat(world.metadata("f")).containsEntry("xattr-more", "1");
      world.files.removeXattr(World.ROOT, file, "Origin", Patience.FOREVER);
      world.flush();
      assertThat(world.metadata("f")).doesNotContainKey("xattr-.4frigin");

      var fresh =
          new World(
              world.execution,
              new MemoryKeyValueStore(world.execution, 2),
              new MemoryExtentStore(),
              world.bucket);
      assertThat(get(fresh, fresh.at("f").id(), "more")).isEqualTo("1");
      assertThat(fresh.files.xattrNames(World.ROOT, fresh.at("f").id(), Patience.FOREVER))
          .containsExactly("more");
      assertThat(get(fresh, fresh.at("d").id(), "k")).isEqualTo("v");
    });
  }

  @Test
  void theySurviveARestart() {
    WriteBackTest.play(world -> {
      var file = world.write("f", "bytes");
      set(world, file, "k", "v");
      world.committer.close();
      var next = new World(world.execution, world.metadata, world.extents, world.bucket);
      assertThat(get(next, file, "k")).isEqualTo("v");
    });
  }

  @Test
  void aChangeIsSeenInTheChangeAttributeAlsoBehindUnstableWrites() {
    WriteBackTest.play(world -> {
      var file = world.write("f", "");
      var data = Unpooled.copiedBuffer("bytes", UTF_8);
      world.files.write(file, 0, data, Stability.UNSTABLE, Patience.FOREVER);
      data.release();
      var before = world.files.attributes(file, Patience.FOREVER).change();
      var info =
          world.files.setXattr(
              World.ROOT, file, "k", new byte[1], XattrMode.CREATE, Patience.FOREVER);
      assertThat(info.before()).isGreaterThanOrEqualTo(before);
      assertThat(info.after()).isGreaterThan(info.before());
      assertThat(world.files.attributes(file, Patience.FOREVER).change()).isEqualTo(info.after());
    });
  }

  @Test
  void whatDoesNotFitTheObjectsMetadataIsRefusedAtOnce() {
    WriteBackTest.play(world -> {
      var file = world.write("f", "bytes");
      assertFails(
          FsError.XATTR_TOO_BIG,
          () -> set(world, file, "k", "v".repeat(Xattrs.METADATA_BYTES_MAX)));
      set(world, file, "a", "v".repeat(800));
      set(world, file, "b", "v".repeat(800));
      assertFails(FsError.XATTR_TOO_BIG, () -> set(world, file, "c", "v".repeat(40)));
      world.flush();
      var bytes =
          world.metadata("f").entrySet().stream()
              .mapToInt(entry -> 11 + entry.getKey().length() + entry.getValue().length())
              .sum();
      assertThat(bytes).isLessThanOrEqualTo(2_048);
    });
  }

  @Test
  void modesAndRightsAreKept() {
    WriteBackTest.play(world -> {
      var file = world.write("f", "bytes");
      var stranger = new Caller(1000, 1000, new int[0]);
      set(world, file, "k", "v");
      assertThat(world.files.xattr(stranger, file, "k", Patience.FOREVER)).hasSize(1);
      assertFails(
          FsError.ACCESS,
          () ->
              world.files.setXattr(
                  stranger, file, "k", new byte[0], XattrMode.EITHER, Patience.FOREVER));
      assertFails(
          FsError.ACCESS, () -> world.files.removeXattr(stranger, file, "k", Patience.FOREVER));
      assertFails(
          FsError.EXISTS,
          () ->
              world.files.setXattr(
                  World.ROOT, file, "k", new byte[0], XattrMode.CREATE, Patience.FOREVER));
      assertFails(
          FsError.NO_XATTR,
          () ->
              world.files.setXattr(
                  World.ROOT, file, "other", new byte[0], XattrMode.REPLACE, Patience.FOREVER));
      var link = world.make("link", new NewNode.Symlink("f".getBytes(UTF_8)));
      assertFails(FsError.PERMISSION, () -> set(world, link, "k", "v"));
      assertFails(FsError.PERMISSION, () -> set(world, file, "bucketfs.status", "v"));
    });
  }
}
