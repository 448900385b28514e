package io.bucketfs.nfs.exec;

import io.bucketfs.core.runtime.Meters;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.status.NfsStatus;
import java.util.EnumMap;
import java.util.Map;

/** Counters and timers of operations, made once. */
public final class OperationMeters {
  private final Map<OperationCode, ByOutcome> byCode = new EnumMap<>(OperationCode.class);
  private final Meters.Counter handOffs;

  private record ByOutcome(
      Meters.Timer time,
      Meters.Counter done,
      Meters.Counter refused,
      Meters.Counter delayed,
      Meters.Counter failed) {}

  public OperationMeters(Meters meters) {
    for (var code : OperationCode.values()) {
      var op = code.tag();
      byCode.put(
          code,
          new ByOutcome(
              meters.timer("nfs_request", "op", op),
              meters.counter("nfs_requests", "op", op, "status", "ok"),
              meters.counter("nfs_requests", "op", op, "status", "refused"),
              meters.counter("nfs_requests", "op", op, "status", "delay"),
              meters.counter("nfs_requests", "op", op, "status", "fault")));
    }
    handOffs = meters.counter("nfs_hand_offs");
  }

  /** Counts an operation. */
  void record(OperationCode code, NfsStatus status, long nanos) {
    var meters = byCode.get(code);
    if (meters == null) {
      throw new IllegalStateException("all operations have meters");
    }
    meters.time.record(nanos);
    switch (status) {
      case OK -> meters.done.add(1);
      case DELAY -> meters.delayed.add(1);
      case SERVERFAULT, IO -> meters.failed.add(1);
      default -> meters.refused.add(1);
    }
  }

  /** Counts a COMPOUND that goes on on a thread of its own. */
  void recordHandOff() {
    handOffs.add(1);
  }
}
