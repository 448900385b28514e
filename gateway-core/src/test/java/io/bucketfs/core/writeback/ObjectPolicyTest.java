package io.bucketfs.core.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.ObjectPolicy;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.Encryption;
import io.bucketfs.core.object.MemoryBucket;
import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectHeaders;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.Placement;
import io.bucketfs.core.object.RequestKind;
import io.bucketfs.core.runtime.SimulatedExecution;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What objects have beside their bytes: what the mount says of them, and what they had before. */
final class ObjectPolicyTest {
  private static final ObjectHeaders FOREIGN =
      new ObjectHeaders(
          "max-age=60",
          "inline",
          "gzip",
          "de",
          "Thu, 01 Jan 2032 00:00:00 GMT",
          "ONEZONE_IA",
          false);
  private static final Map<String, String> TAGS = Map.of("team", "a", "cost", "7");

  private final SimulatedExecution execution = new SimulatedExecution(1);
  private final MemoryBucket bucket = new MemoryBucket(execution);
  private final MemoryExtentStore extents = new MemoryExtentStore();
  private MemoryKeyValueStore metadata = new MemoryKeyValueStore(execution, 1);

  private void inWorld(WriteBackTest.Scene scene) {
    execution.run(() -> scene.play(new World(execution, metadata, extents, bucket)));
  }

  private void kill() {
    execution.abandonAll();
    metadata = metadata.crash(Crash.KILL, new SplittableRandom(1));
  }

  private ObjectHead head(String key) {
    return Objects.requireNonNull(bucket.foreign().head(key), key);
  }

  private void foreign(String key, String text) {
    bucket
        .foreign()
        .put(key, text.getBytes(UTF_8), new Placement(FOREIGN, Encryption.OF_BUCKET, TAGS));
  }

  private void kept(String key) {
    assertThat(head(key).headers().untagged()).isEqualTo(FOREIGN);
    assertThat(bucket.foreign().tags(key)).isEqualTo(TAGS);
  }

  private static void flush(World world) throws Exception {
    assertThat(world.writeBack.flush(world.mount, "", true).failing()).isEmpty();
  }

  private static void append(World world, FileId file, long offset, int bytes) throws Exception {
    var data = Unpooled.buffer(bytes).writeZero(bytes);
    try {
      world.files.write(file, offset, data, Stability.FILE_SYNC, Patience.FOREVER);
    } finally {
      data.release();
    }
  }

  @Test
  void newObjectsAreWrittenAsTheMountSays() {
    inWorld(world -> {
      world.operations.setObjects(
          "data", new ObjectPolicy("STANDARD_IA", Encryption.OF_BUCKET, "text/odd", 0));
      world.write("new.png", "v");
      flush(world);
      assertThat(head("new.png").storageClass()).isEqualTo("STANDARD_IA");
      assertThat(head("new.png").contentType()).isEqualTo("text/odd");
      world.operations.setObjects(
          "data", new ObjectPolicy(null, Encryption.OF_BUCKET, ObjectPolicy.UNSAID, 0));
      world.write("later.png", "v");
      flush(world);
      assertThat(head("later.png").storageClass()).isNull();
      assertThat(head("later.png").contentType()).isEqualTo("binary/octet-stream");
    });
  }

  @Test
  void aRewriteKeepsWhatTheObjectHad() {
    foreign("f", "theirs");
    inWorld(world -> {
      world.overwrite(world.at("f").id(), 0, "OURS");
      flush(world);
      assertThat(bucket.foreign().get("f")).asString().isEqualTo("OURSrs");
      kept("f");
    });
  }

  @Test
  void aRewriteAfterARestartKeepsItToo() {
    foreign("f", "theirs");
    inWorld(world -> {
      world.overwrite(world.at("f").id(), 0, "1");
      flush(world);
    });
    kill();
    inWorld(world -> {
      world.overwrite(world.at("f").id(), 0, "2");
      flush(world);
    });
    assertThat(bucket.foreign().get("f")).asString().isEqualTo("2heirs");
    kept("f");
  }

  @Test
  void aRenameKeepsIt() {
    foreign("f", "theirs");
    inWorld(world -> {
      world.rename("f", "g");
      flush(world);
      assertThat(bucket.foreign().keys()).containsExactly("g");
      kept("g");
    });
  }

  @Test
  void aRenameAndRewriteKeepsIt() {
    foreign("f", "theirs");
    inWorld(world -> {
      world.overwrite(world.at("f").id(), 0, "OURS");
      world.rename("f", "g");
      flush(world);
      kept("g");
    });
  }

  @Test
  void anUploadInPartsKeepsIt() {
    foreign("f", "theirs");
    inWorld(world -> {
      append(world, world.at("f").id(), 0, 17 << 20);
      flush(world);
      assertThat(bucket.counts().of(RequestKind.COMPLETE_UPLOAD)).isOne();
      kept("f");
    });
  }

  @Test
  void tagsThatMayNotBeReadAreNotLost() {
    foreign("f", "theirs");
    inWorld(world -> {
      world.overwrite(world.at("f").id(), 0, "OURS");
      bucket.faults().next(RequestKind.TAGS, Fault.DENIED);
      var failing = world.writeBack.flush(world.mount, "", true).failing();
      assertThat(failing).singleElement().asString().contains("denied");
      assertThat(bucket.foreign().get("f")).asString().isEqualTo("theirs");
      flush(world);
      kept("f");
    });
  }

  @Test
  void theThresholdOfUploadsIsTheMounts() {
    inWorld(world -> {
      world.operations.setObjects(
          "data", new ObjectPolicy(null, Encryption.OF_BUCKET, "guess", 5 << 20));
      append(world, world.write("a", ""), 0, 5 << 20);
      flush(world);
      assertThat(bucket.counts().of(RequestKind.COMPLETE_UPLOAD)).isOne();
      world.operations.setObjects(
          "data", new ObjectPolicy(null, Encryption.OF_BUCKET, "guess", 1L << 30));
      append(world, world.write("b", ""), 0, 20 << 20);
      flush(world);
      assertThat(bucket.counts().of(RequestKind.COMPLETE_UPLOAD)).isOne();
    });
  }

  @Test
  void whereNoUploadCanBegunFilesAreWrittenInOneRequest() {
    inWorld(world -> {
      bucket
          .faults()
          .hook((kind, key) -> {
            if (kind == RequestKind.CREATE_UPLOAD) {
              throw new ObjectStoreException(
                  new BackendFailure.Rejected("501 NotImplemented: no uploads here"));
            }
          });
      append(world, world.write("a", ""), 0, 17 << 20);
      flush(world);
      assertThat(head("a").version().sizeBytes()).isEqualTo(17 << 20);
      append(world, world.write("b", ""), 0, 17 << 20);
      flush(world);
      assertThat(head("b").version().sizeBytes()).isEqualTo(17 << 20);
      assertThat(bucket.counts().of(RequestKind.CREATE_UPLOAD)).isOne();
    });
  }

  /** The bytes arrived, the store says that they are others: they are sent again, over our own. */
  @Test
  void bytesThatArriveDamagedAreSentAgain() {
    inWorld(world -> {
      world.write("f", "v");
      bucket.faults().next(RequestKind.PUT, Fault.DAMAGED);
      bucket.faults().next(RequestKind.PUT, Fault.DAMAGED);
      flush(world);
      assertThat(bucket.foreign().get("f")).asString().isEqualTo("v");
      assertThat(bucket.counts().of(RequestKind.PUT)).isEqualTo(3);
      assertThat(world.operations.mount("data").conflicts()).isZero();
    });
  }
}
