package io.bucketfs.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.Await;
import io.bucketfs.e2e.lab.KernelTest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * S3 answers nothing for a while: whoever needs nothing of it works on, whoever does waits, and all
 * of it heals by itself. Longer: {@code -Ddark.seconds=600}.
 */
@KernelTest
final class OutageIT {
  private static final int DARK_SECONDS = Integer.getInteger("dark.seconds", 45);
  private static final Duration HEALED = Duration.ofMinutes(3);
  private static final String COLD = "cold data of others, ".repeat(100_000);

  private static DemoLab demo;

  @BeforeAll
  static void open() {
    demo = DemoLab.open(OutageIT.class, "--writeback-idle", "2s");
    demo.bucket().put("cold/file", COLD.getBytes(UTF_8), Map.of());
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  @Test
  @Timeout(1_500) // the default is ten minutes
  void writersAndCachedReadersWorkOnAndNothingIsLost() throws Exception {
    var mount = demo.mount("4.2");
    mount.sh("mkdir warm; for i in $(seq 50); do echo warm $i >warm/$i; done; stat cold/file");
    demo.gateway().flush();
    demo.client().dropCaches();

    demo.gateway().pauseS3(true);
    var cold = mount.start("sha256sum <cold/file");
    var random =
        mount.start(
            """
            fio --name=dark --filename=random --size=16m --bs=16k --rw=randwrite --ioengine=psync \
              --direct=1 --time_based --runtime=%d --verify=crc32c --verify_backlog=64 \
              --verify_fatal=1 >/tmp/fio 2>&1 || { cat /tmp/fio >&2; exit 1; }
            sha256sum <random
            """
                .formatted(DARK_SECONDS));
    var small =
        mount.start(
            """
            end=$(($(date +%%s) + %d)); n=0
            mkdir new
            while [ $(date +%%s) -lt $end ]; do
              n=$((n + 1))
              echo "content $n" >new/tmp && sync new/tmp && mv new/tmp new/$n || exit 1
              [ "$(cat warm/$((n %% 50 + 1)))" = "warm $((n %% 50 + 1))" ] || exit 2
            done
            echo $n
            """
                .formatted(DARK_SECONDS));
    TimeUnit.SECONDS.sleep(DARK_SECONDS);
    var made = Integer.parseInt(small.await(HEALED).orFail().strip());
    var written = random.await(HEALED).orFail();
    assertThat(made).isGreaterThan(10);
    assertThat(cold.isDone()).as("nobody has its data").isFalse();
    assertThat(demo.gateway().metrics().sum("bucketfs_dirty_files", "")).isGreaterThan(made - 1);

    demo.gateway().pauseS3(false);
    assertThat(cold.await(HEALED).orFail()).startsWith(demo.bucket().get("cold/file").digest());
    Await.until(
        "nothing is dirty",
        HEALED,
        () -> demo.gateway().metrics().sum("bucketfs_dirty_files", "") == 0);
    for (var n = 1; n <= made; n++) {
      assertThat(demo.bucket().text("new/" + n)).isEqualTo("content " + n + "\n");
    }
    assertThat(demo.bucket().list("new/")).hasSize(made);
    assertThat(written).startsWith(demo.bucket().get("random").digest());
    mount.detach();
  }
}
