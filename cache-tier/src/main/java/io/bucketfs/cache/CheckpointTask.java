package io.bucketfs.cache;

import io.bucketfs.cache.metadata.RocksMetadataStore;
import io.bucketfs.core.runtime.Execution;
import java.io.IOException;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has the metadata store make its checkpoints, for as long as it is open. */
final class CheckpointTask {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointTask.class);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(10);

  private final RocksMetadataStore metadata;
  private final Execution execution;
  private final BooleanSupplier stopped;

  CheckpointTask(RocksMetadataStore metadata, Execution execution, BooleanSupplier stopped) {
    this.metadata = metadata;
    this.execution = execution;
    this.stopped = stopped;
  }

  /** The first one is made at once where there is none that could be used. */
  void start() throws IOException {
    metadata.checkpoint();
    again();
  }

  private void again() {
    execution.schedule(LOOK_EVERY, "metadata-checkpoint", this::look);
  }

  private void look() {
    if (stopped.getAsBoolean()) {
      return;
    }
    try {
      metadata.checkpoint();
    } catch (IOException e) {
      if (!stopped.getAsBoolean()) {
        LOG.error("No checkpoint of the metadata can be made; it is tried again", e);
      }
    }
    again();
  }
}
