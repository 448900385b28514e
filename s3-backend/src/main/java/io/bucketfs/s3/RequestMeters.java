package io.bucketfs.s3;

import io.bucketfs.core.runtime.Meters;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** The meters of one bucket, made once. Any thread. */
final class RequestMeters {
  private final Map<Operation, Meters.Timer> times = new EnumMap<>(Operation.class);
  private final Map<Operation, Map<Outcome, Meters.Counter>> requests =
      new EnumMap<>(Operation.class);
  private final Meters.Counter sentBytes;
  private final Meters.Counter receivedBytes;

  RequestMeters(Meters meters, String bucket) {
    for (var operation : Operation.values()) {
      times.put(operation, meters.timer("s3_request", "operation", operation.tag));
      var outcomes = new EnumMap<Outcome, Meters.Counter>(Outcome.class);
      for (var outcome : Outcome.values()) {
        outcomes.put(
            outcome,
            meters.counter(
                "s3_requests",
                "bucket",
                bucket,
                "operation",
                operation.tag,
                "outcome",
                outcome.tag));
      }
      requests.put(operation, outcomes);
    }
    sentBytes = meters.counter("s3_sent_bytes", "bucket", bucket);
    receivedBytes = meters.counter("s3_received_bytes", "bucket", bucket);
  }

  void ended(Operation operation, Outcome outcome, long nanos) {
    var outcomes = Objects.requireNonNull(requests.get(operation));
    Objects.requireNonNull(outcomes.get(outcome)).add(1);
    Objects.requireNonNull(times.get(operation)).record(nanos);
  }

  void sent(long bytes) {
    sentBytes.add(bytes);
  }

  void received(long bytes) {
    receivedBytes.add(bytes);
  }
}
