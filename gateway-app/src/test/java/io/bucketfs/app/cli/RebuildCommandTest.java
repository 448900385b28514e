package io.bucketfs.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.cache.LocalTiers;
import io.bucketfs.cache.TierSettings;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bucketfs rebuild} on real state directories. */
final class RebuildCommandTest {
  @TempDir Path parent;

  private final ThreadExecution execution = new ThreadExecution(2, Meters.NONE);

  @AfterEach
  void stop() {
    execution.close();
  }

  private Path state() {
    return parent.resolve("state");
  }

  private LocalTiers open() throws IOException {
    return LocalTiers.open(
        state(), TierSettings.DEFAULTS, execution, PooledByteBufAllocator.DEFAULT, Meters.NONE);
  }

  private TestCli.Result run(String... options) {
    return new TestCli(Map.of("BUCKETFS_STATE", state().toString()))
        .run(List.of(("rebuild " + String.join(" ", options)).strip().split(" ")));
  }

  @Test
  void saysThatNothingIsMissing() throws Exception {
    open().close();
    Files.delete(state().resolve("metadata/CURRENT"));
    var result = run();
    assertThat(result.code()).isZero();
    assertThat(result.out())
        .contains("from checkpoint 1 and the whole log since: nothing is missing")
        .containsPattern("The metadata of before are in " + state() + "/damaged-[0-9]{8}-");
    open().close();
  }

  @Test
  void putsDataWithoutNamesAside() throws Exception {
    try (var local = open()) {
      var extents = local.tier().extents();
      for (var sequence = 1; sequence < 3; sequence++) {
        var data = Unpooled.wrappedBuffer(new byte[] {(byte) sequence, 9});
        extents.append(Stream.WRITE, 3, 20, 30, sequence, sequence, data);
      }
    }
    Files.delete(state().resolve("metadata/CURRENT"));
    Files.delete(state().resolve("checkpoints/000001/CURRENT"));

    var refused = run();
    assertThat(refused.code()).isEqualTo(ExitCode.FAILED);
    assertThat(refused.err())
        .contains("no checkpoint")
        .contains("checkpoint 1")
        .contains("--empty");

    var result = run("--empty");
    assertThat(result.code()).isZero();
    assertThat(result.out()).contains("Create the mounts again").contains("1 files");
    try (var found = Files.walk(state())) {
      var file = found.filter(path -> path.endsWith("mount-3/inode-20.30")).findFirst();
      assertThat(Files.readAllBytes(file.orElseThrow())).containsExactly(0, 1, 2, 9);
    }
  }

  @Test
  void refusesWhatIsInUseOrNoStateDirectory() throws Exception {
    var missing = run();
    assertThat(missing.code()).isEqualTo(ExitCode.FAILED);
    assertThat(missing.err()).contains(state().toString(), "no state directory");
    assertThat(state()).doesNotExist();
    try (var _ = open()) {
      var used = run();
      assertThat(used.code()).isEqualTo(ExitCode.FAILED);
      assertThat(used.err()).contains("in use");
    }
  }
}
