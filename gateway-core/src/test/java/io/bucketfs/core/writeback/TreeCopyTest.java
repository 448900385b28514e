package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.residency.Progress;
import io.bucketfs.core.residency.Residency.Outcome;
import io.bucketfs.core.residency.Residency.RefusedException;
import io.bucketfs.core.residency.Residency.Target;
import io.bucketfs.core.residency.TreeCopy;
import io.bucketfs.core.vfs.FileSystem.Region;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.Patience;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A local tree that is copied into a mount. */
@Timeout(60)
final class TreeCopyTest {
  private static final Instant THEN = Instant.ofEpochSecond(1_234_567_890, 123_456_789);
  private static final int HOLE_BYTES = 4 << 20;

  @TempDir Path source;

  @BeforeEach
  void makeTree() throws IOException {
    Files.createDirectories(source.resolve("d/empty"));
    Files.writeString(source.resolve("d/a"), "hello");
    Files.setPosixFilePermissions(
        source.resolve("d/a"), PosixFilePermissions.fromString("rwxr-x---"));
    Files.createLink(source.resolve("d/b"), source.resolve("d/a"));
    Files.createSymbolicLink(source.resolve("l"), Path.of("d/a"));
    try (var sparse =
        FileChannel.open(
            source.resolve("sparse"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      sparse.write(ByteBuffer.wrap("end".getBytes(UTF_8)), HOLE_BYTES);
    }
    Files.writeString(source.resolve("zero"), "\0".repeat(100_000));
    Files.setLastModifiedTime(source.resolve("d/a"), FileTime.from(THEN));
    Files.setLastModifiedTime(source.resolve("d"), FileTime.from(THEN));
  }

  private Outcome copy(World world) throws Exception {
    return copy(world, new Progress(world.execution, _ -> true));
  }

  private Outcome copy(World world, Progress progress) throws Exception {
    return new TreeCopy(world.files, world.execution)
        .run(source, new Target(world.require("data"), "in/here"), progress);
  }

  @Test
  void everythingOfATreeIsKept() {
    WriteBackTest.play(world -> {
      var attributes =
          Files.getFileAttributeView(source.resolve("d/a"), UserDefinedFileAttributeView.class);
      if (attributes != null) {
        attributes.write("color", ByteBuffer.wrap("blue".getBytes(UTF_8)));
      }
      var outcome = copy(world);
      assertThat(outcome.failures()).isEmpty();
      var a = world.at("in/here/d/a");
      assertThat(world.read("in/here/d/a")).isEqualTo("hello");
      assertThat(a.mode()).isEqualTo(0750);
      assertThat(a.uid()).isEqualTo(Files.getAttribute(source.resolve("d/a"), "unix:uid"));
      assertThat(a.modifyNanos()).isEqualTo(1_234_567_890_123_456_789L);
      assertThat(world.at("in/here/d").modifyNanos()).isEqualTo(1_234_567_890_123_456_789L);
      assertThat(world.at("in/here/d/b").id()).isEqualTo(a.id());
      assertThat(a.linkCount()).isEqualTo(2);
      assertThat(world.at("in/here/d/empty").type()).isEqualTo(FileType.DIRECTORY);
      assertThat(world.files.readLink(world.at("in/here/l").id(), Patience.FOREVER))
          .isEqualTo("d/a".getBytes(UTF_8));
      if (attributes != null) {
        assertThat(world.files.xattr(World.ROOT, a.id(), "color", Patience.FOREVER))
            .isEqualTo("blue".getBytes(UTF_8));
      }
      var sparse = world.at("in/here/sparse");
      assertThat(sparse.sizeBytes()).isEqualTo(HOLE_BYTES + 3);
      assertThat(world.files.seek(sparse.id(), 0, Region.DATA, Patience.FOREVER).offset())
          .isEqualTo(HOLE_BYTES);
      assertThat(world.at("in/here/zero").sizeBytes()).isEqualTo(100_000);
      assertThat(world.read("in/here/zero")).isEqualTo("\0".repeat(100_000));
      world.flush();
      assertThat(world.object("in/here/d/a")).isEqualTo("hello");
      assertThat(world.operations.check(null, true).findings()).isEmpty();
    });
  }

  @Test
  void whatIsThereIsPassedOverAndWhatChangedIsCopiedAgain() {
    WriteBackTest.play(world -> {
      copy(world);
      world.flush();
      var before = world.bucket.counts().of(RequestKind.PUT);
      assertThat(copy(world).files()).isZero();
      world.flush();
      assertThat(world.bucket.counts().of(RequestKind.PUT)).isEqualTo(before);
      Files.writeString(source.resolve("zero"), "not any more");
      assertThat(copy(world).files()).isEqualTo(1);
      assertThat(world.read("in/here/zero")).isEqualTo("not any more");
    });
  }

  @Test
  void aCopyThatWasInterruptedGoesOn() {
    WriteBackTest.play(world -> {
      for (var i = 0; i < 200; i++) {
        Files.writeString(source.resolve("f" + i), "file " + i);
      }
      var calls = new AtomicInteger();
      var interrupted = new Progress(world.execution, _ -> calls.incrementAndGet() < 3);
      world.bucket.faults().delay(Duration.ofSeconds(1), Duration.ofSeconds(1));
      for (var i = 0; i < 3; i++) {
        // Time passes between steps, so that progress is told.
        world.execution.sleep(Duration.ofSeconds(1));
        interrupted.found(0, 0);
      }
      assertThat(copy(world, interrupted).files()).isLessThan(200);
      var rest = copy(world);
      assertThat(rest.failures()).isEmpty();
      for (var i = 0; i < 200; i++) {
        assertThat(world.read("in/here/f" + i)).isEqualTo("file " + i);
      }
      assertThat(copy(world).files()).isZero();
    });
  }

  @Test
  void whatIsNoDirectoryIsRefused() {
    WriteBackTest.play(world ->
        assertThatThrownBy(() ->
                new TreeCopy(world.files, world.execution)
                    .run(
                        source.resolve("zero"),
                        new Target(world.require("data"), ""),
                        new Progress(world.execution, _ -> true)))
            .isInstanceOf(RefusedException.class)
            .hasMessageContaining("is no directory"));
  }
}
