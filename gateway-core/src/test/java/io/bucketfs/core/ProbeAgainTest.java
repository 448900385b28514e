package io.bucketfs.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.admin.Administration.MountStatus;
import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.Family;
import io.bucketfs.core.local.KeyValueStore.Change;
import io.bucketfs.core.local.LocalTier;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.MountCodec;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.MemoryStores;
import io.bucketfs.core.object.StoreTraits;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.store.Keys;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Stores that an older version probed, which found out less. */
@Timeout(60)
final class ProbeAgainTest {
  private static final StoreTraits BEFORE =
      new StoreTraits(true, true, true, true, true, true, false);

  private final SimulatedExecution execution = new SimulatedExecution(1);
  private final MemoryStores stores = new MemoryStores(execution);
  private final MemoryExtentStore extents = new MemoryExtentStore();
  private MemoryKeyValueStore metadata = new MemoryKeyValueStore(execution, 1);

  private Gateway open() throws Exception {
    return Gateway.open(
        Gateway.Config.ofDisk(1L << 40),
        new LocalTier(metadata, extents, false),
        stores,
        execution,
        Meters.NONE);
  }

  private void close(Gateway gateway) throws Exception {
    gateway.close();
    metadata.close();
    metadata = metadata.crash(Crash.KILL, new SplittableRandom(1));
  }

  /** A gateway whose mount was made and probed before. */
  private void makeOldMount() throws Exception {
    var gateway = open();
    var made =
        gateway
            .administration()
            .createMount(
                new MountRequest(
                    "data",
                    new BucketLocation(
                        "bucket", "r", null, true, new BucketLocation.Credentials.DefaultChain()),
                    "",
                    Mount.Policy.DEFAULT));
    assertThat(made.traits()).isEqualTo(StoreTraits.FULL);
    assertThat(made.probedBefore()).isFalse();
    close(gateway);
    var old =
        new MountCodec.Stored(made.mount(), BEFORE, StoreTraits.PROBE_WITHOUT_DELETE_MANY, false);
    metadata.write(
        List.of(new Change.Put(Family.MOUNTS, Keys.mount(1), MountCodec.encode(old))), true);
  }

  private static MountStatus mount(Gateway gateway) throws Exception {
    return gateway.administration().mount("data");
  }

  @Test
  void areProbedOnceWhenTheGatewayStarts() {
    execution.run(() -> {
      makeOldMount();
      var gateway = open();
      execution.sleep(Duration.ofSeconds(1));
      assertThat(mount(gateway).traits()).isEqualTo(StoreTraits.FULL);
      assertThat(mount(gateway).probedBefore()).isFalse();
      close(gateway);
      var before = stores.bucket("bucket").counts().all();
      gateway = open();
      execution.sleep(Duration.ofSeconds(1));
      assertThat(mount(gateway).traits()).isEqualTo(StoreTraits.FULL);
      assertThat(stores.bucket("bucket").counts().all()).isEqualTo(before);
      close(gateway);
    });
  }

  /** Meanwhile they are trusted with what is known, also when a setting is changed and kept. */
  @Test
  void areProbedLaterWhereTheyDoNotAnswer() {
    execution.run(() -> {
      makeOldMount();
      var faults = stores.bucket("bucket").faults();
      faults.always(Fault.DENIED);
      var gateway = open();
      execution.sleep(Duration.ofMinutes(15));
      gateway.administration().setExports("data", mount(gateway).mount().policy().exports());
      assertThat(mount(gateway).traits()).isEqualTo(BEFORE);
      assertThat(mount(gateway).probedBefore()).isTrue();
      close(gateway);
      gateway = open();
      execution.sleep(Duration.ofMinutes(1));
      assertThat(mount(gateway).probedBefore()).isTrue();
      faults.always(null);
      execution.sleep(Duration.ofMinutes(10));
      assertThat(mount(gateway).traits()).isEqualTo(StoreTraits.FULL);
      close(gateway);
    });
  }

  @Test
  void areProbedWhenThatIsOrdered() {
    execution.run(() -> {
      makeOldMount();
      var bucket = stores.bucket("bucket");
      var gateway = open();
      execution.sleep(Duration.ofSeconds(1));
      bucket.honour(BEFORE);
      assertThat(gateway.administration().probeMount("data").traits()).isEqualTo(BEFORE);
      bucket.faults().always(Fault.DENIED);
      assertThatThrownBy(() -> gateway.administration().probeMount("data"))
          .isInstanceOf(AdminException.class);
      assertThat(mount(gateway).traits()).isEqualTo(BEFORE);
      bucket.faults().always(null);
      bucket.honour(StoreTraits.FULL);
      assertThat(gateway.administration().probeMount("data").traits()).isEqualTo(StoreTraits.FULL);
      close(gateway);
    });
  }
}
