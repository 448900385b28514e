package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.Share;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.Unpooled;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Records that are read straight into their buffers arrive byte for byte. */
final class LargeRecordTest {
  private static final int BYTES = 1 << 20;
  private static final long SEED = 20_261_121L;

  private NfsTestServer server;
  private TestClient client;
  private byte[] handle;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60));
    client = TestClient.connected(server.port(), "a");
    var open = TestOps.open("o", "f", Share.BOTH, 0, TestOps.UNCHECKED);
    client.call(putRoot(), lookup("data"), open).requireOk();
    var found =
        client.call(putRoot(), lookup("data"), lookup("f"), TestOps.op(OperationCode.GETFH));
    handle =
        found
            .requireOk()
            .ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP, OperationCode.LOOKUP)
            .handle();
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  private static byte[] random(long seed, int bytes) {
    var data = new byte[bytes];
    new Random(seed).nextBytes(data);
    return data;
  }

  private byte[] read(long offset, int count) throws IOException {
    var reply =
        client
            .caller()
            .uncached()
            .call(putFh(handle), TestOps.read(StateId.ANONYMOUS, offset, count))
            .requireOk();
    reply.ok(OperationCode.PUTFH).ok(OperationCode.READ);
    reply.body().readInt();
    return Xdr.readBytes(reply.body(), BYTES);
  }

  @Test
  void writesOfAllSizesAtOnceDoNotMix() throws Exception {
    var replies = new ArrayList<CompletableFuture<TestReply>>();
    for (var slot = 1; slot <= 16; slot++) {
      var data = random(SEED + slot, slot % 2 == 0 ? BYTES : 10_000 * slot + slot);
      var write = TestOps.write(StateId.ANONYMOUS, (long) slot * BYTES, data);
      replies.add(client.slot(slot).async(putFh(handle), write));
    }
    for (var reply : replies) {
      TestCaller.await(reply).requireOk();
    }
    for (var slot = 1; slot <= 16; slot++) {
      var data = random(SEED + slot, slot % 2 == 0 ? BYTES : 10_000 * slot + slot);
      assertThat(read((long) slot * BYTES, data.length)).as("slot %d", slot).isEqualTo(data);
    }
  }

  @Test
  void fragmentsAndPiecesOfAnySizeArePutTogether() throws Exception {
    var random = new Random(SEED);
    for (var round = 0; round < 20; round++) {
      var data = random(SEED + round, 200_000 + 4 * random.nextInt(100_000));
      var record =
          client.caller().newRecord(putFh(handle), TestOps.write(StateId.ANONYMOUS, 0, data));
      var wire = Unpooled.buffer();
      while (record.isReadable()) {
        var bytes = Math.min(record.readableBytes(), 1 + random.nextInt(120_000));
        var last = bytes == record.readableBytes() ? 0x8000_0000 : 0;
        wire.writeInt(bytes | last).writeBytes(record, bytes);
      }
      while (wire.isReadable()) {
        client.sendRaw(wire.readSlice(Math.min(wire.readableBytes(), random.nextInt(90_000))));
      }
      client.receive().requireOk();
      assertThat(read(0, data.length)).as("seed %d, round %d", SEED, round).isEqualTo(data);
    }
  }
}
