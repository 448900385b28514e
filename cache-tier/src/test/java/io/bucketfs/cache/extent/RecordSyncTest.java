package io.bucketfs.cache.extent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Records that are written beside each other. */
@Timeout(60)
final class RecordSyncTest {
  private final RecordSync records = new RecordSync("file", 0, false);

  private CompletableFuture<Void> settled(long position) {
    var future = new CompletableFuture<Void>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            records.awaitSettled(position);
            future.complete(null);
          } catch (IOException e) {
            future.completeExceptionally(e);
          }
        });
    return future;
  }

  private static void assertWaits(CompletableFuture<Void> future) {
    assertThatThrownBy(() -> future.get(50, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
  }

  @Test
  void aRecordIsSettledOnceAllBeforeItAreWritten() throws Exception {
    records.begin(0, 10);
    records.begin(10, 10);
    records.begin(20, 10);
    records.finish(20);
    var last = settled(20);
    assertWaits(last);
    records.finish(0);
    settled(0).get();
    assertWaits(last);
    records.finish(10);
    last.get();
    assertThat(records.end()).isEqualTo(30);
    assertThat(records.settledBelow()).isEqualTo(30);
  }

  /** A replay ends at the gap. */
  @Test
  void nothingBehindAFailedRecordCounts() throws Exception {
    records.begin(0, 10);
    records.begin(10, 10);
    records.begin(20, 10);
    records.finish(20);
    var last = settled(20);
    assertWaits(last);
    records.fail(10);
    assertThatThrownBy(last::get)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(IOException.class);
    var first = settled(0);
    records.finish(0);
    first.get();
  }

  @Test
  void aSyncThatBeganWhileARecordWasWrittenDoesNotCoverIt() throws Exception {
    records.begin(0, 10);
    records.begin(10, 10);
    records.finish(10);
    records.require(10, () -> {});
    assertThat(records.durable()).isFalse();
    records.finish(0);
    records.require(0, () -> {});
    assertThat(records.durable()).isTrue();
  }
}
