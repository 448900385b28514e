package io.bucketfs.core.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.mount.ConflictPolicy;
import io.bucketfs.core.mount.ConflictPolicy.Winner;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Lost+found keeps everything, unless the mount gives it bounds. */
@Timeout(60)
final class LostAndFoundTest {
  private static final String LOST = ".bucketfs-lost+found";

  private static void lose(World world, String name) throws Exception {
    world.write(name, "first");
    world.flush();
    world.write(name, "local " + name);
    world.foreignPut(name, "foreign");
    world.flush();
  }

  @Test
  void withoutBoundsEverythingStays() {
    WriteBackTest.play(world -> {
      lose(world, "a");
      world.execution.sleep(Duration.ofDays(400));
      assertThat(world.list(LOST)).hasSize(1);
    });
  }

  @Test
  void whatIsTooOldGoes() {
    WriteBackTest.play(world -> {
      world.conflicts(new ConflictPolicy(Winner.S3_WINS, Duration.ofDays(1), Long.MAX_VALUE));
      lose(world, "a");
      world.execution.sleep(Duration.ofHours(20));
      lose(world, "b");
      assertThat(world.list(LOST)).hasSize(2);
      world.execution.sleep(Duration.ofHours(3));
      assertThat(world.list(LOST)).hasSize(2);
      world.execution.sleep(Duration.ofHours(2));
      assertThat(world.list(LOST)).hasSize(1);
      assertThat(world.list(LOST).getFirst()).endsWith("_b");
      world.execution.sleep(Duration.ofHours(20));
      assertThat(world.list(LOST)).isEmpty();
      assertThat(world.bucket.foreign().keys()).containsExactly("a", "b");
      assertThat(world.operations.check(null, true).findings()).isEmpty();
    });
  }

  /** At the bound all stay, beyond it the oldest go. */
  @Test
  void whatIsTooMuchGoesOldestFirst() {
    WriteBackTest.play(world -> {
      world.conflicts(new ConflictPolicy(Winner.S3_WINS, null, 2L * "local a".length()));
      lose(world, "a");
      world.execution.sleep(Duration.ofSeconds(1));
      lose(world, "b");
      world.execution.sleep(Duration.ofMinutes(30));
      assertThat(world.list(LOST)).hasSize(2);
      lose(world, "c");
      world.execution.sleep(Duration.ofMinutes(11));
      assertThat(world.list(LOST)).hasSize(2);
      assertThat(world.list(LOST)).noneMatch(name -> name.endsWith("_a"));
    });
  }

  /** What is taken out of it is a file as any other. */
  @Test
  void whatIsTakenOutStays() {
    WriteBackTest.play(world -> {
      world.conflicts(new ConflictPolicy(Winner.S3_WINS, Duration.ofHours(1), 0));
      lose(world, "a");
      world.rename(LOST + "/" + world.list(LOST).getFirst(), "kept");
      world.execution.sleep(Duration.ofHours(2));
      assertThat(world.read("kept")).isEqualTo("local a");
      assertThat(world.object("kept")).isEqualTo("local a");
    });
  }
}
