package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.runtime.Meters;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** RPC, sessions and exactly-once, over a real connection. */
final class SessionTest {
  private NfsTestServer server;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  @Test
  void aRetryIsAnsweredFromTheSlotAndNotRunAgain() throws Exception {
    try (var client = TestClient.connected(server.port(), "a")) {
      var first = client.call(putRoot(), lookup("data"), TestOps.makeDirectory("d"));
      var again = client.again(putRoot(), lookup("data"), TestOps.makeDirectory("d"));
      assertThat(first.status()).isZero();
      assertThat(again.body()).isEqualTo(first.body());
    }
  }

  @Test
  void anotherRequestInTheNameOfARetryIsFound() throws Exception {
    try (var client = TestClient.connected(server.port(), "a")) {
      client.call(putRoot()).requireOk();
      var other = client.again(putRoot(), getAttr(Attribute.TYPE));
      assertThat(other.status()).isEqualTo(NfsStatus.SEQ_FALSE_RETRY.code());
    }
  }

  @Test
  void anUnknownSessionIsRefused() throws Exception {
    try (var client = TestClient.connected(server.port(), "b");
        var other = new TestClient(server.port(), 2)) {
      other.goOnFor(client);
      other.call(putRoot()).requireOk();
      other
          .bare(
              TestOps.op(OperationCode.DESTROY_SESSION, out -> client.requireSession().write(out)))
          .requireOk();
      assertThat(other.call(putRoot()).status()).isEqualTo(NfsStatus.BADSESSION.code());
    }
  }

  /**
   * After a restart clients send large writes again before they learn that their session is gone.
   */
  @Test
  void aLargeWriteInASessionThatIsGoneIsAnsweredAndTheConnectionLivesOn() throws Exception {
    try (var client = TestClient.connected(server.port(), "b");
        var other = new TestClient(server.port(), 2)) {
      other.goOnFor(client);
      client
          .bare(
              TestOps.op(OperationCode.DESTROY_SESSION, out -> client.requireSession().write(out)))
          .requireOk();
      var write =
          TestOps.op(
              OperationCode.WRITE,
              out -> {
                StateId.ANONYMOUS.write(out);
                out.writeLong(0).writeInt(0).writeInt(800_000).writeZero(800_000);
              });
      assertThat(other.call(putRoot(), write).status()).isEqualTo(NfsStatus.BADSESSION.code());
      assertThat(other.call(putRoot()).status()).isEqualTo(NfsStatus.BADSESSION.code());
    }
  }

  @Test
  void operationsOutsideASessionAreRefused() throws Exception {
    try (var client = new TestClient(server.port(), 1)) {
      assertThat(client.bare(putRoot()).status()).isEqualTo(NfsStatus.OP_NOT_IN_SESSION.code());
    }
  }

  @Test
  void minorVersionZeroIsRefused() throws Exception {
    try (var client = new TestClient(server.port(), 0)) {
      assertThat(client.bare(putRoot()).status()).isEqualTo(NfsStatus.MINOR_VERS_MISMATCH.code());
    }
  }

  @Test
  void versionThreeIsToldWhatIsServed() throws Exception {
    try (var client = new TestClient(server.port(), 1)) {
      client.send(client.header(7, 100_003, 3, 0));
      var reply = client.receiveRaw();
      reply.skipBytes(20);
      assertThat(reply.readInt()).isEqualTo(2);
      assertThat(reply.readInt()).isEqualTo(4);
      assertThat(reply.readInt()).isEqualTo(4);
    }
  }

  @Test
  void aDirectoryDelegationIsUnavailableWithoutAnError() throws Exception {
    try (var client = TestClient.connected(server.port(), "a")) {
      var reply =
          client.call(
              putRoot(), TestOps.op(OperationCode.GET_DIR_DELEGATION, out -> out.writeZero(40)));
      assertThat(reply.ok(OperationCode.PUTROOTFH).result(OperationCode.GET_DIR_DELEGATION))
          .isZero();
      assertThat(reply.body().readInt()).isEqualTo(1);
    }
  }

  @Test
  void anUnknownOperationIsIllegalAndAKnownOneUnsupported() throws Exception {
    try (var client = TestClient.connected(server.port(), "a")) {
      var illegal = client.call(out -> out.writeInt(4711));
      assertThat(illegal.body().readInt()).isEqualTo(OperationCode.ILLEGAL);
      assertThat(illegal.status()).isEqualTo(NfsStatus.OP_ILLEGAL.code());
      var known = client.call(putRoot(), TestOps.op(OperationCode.READ_PLUS));
      assertThat(known.status()).isEqualTo(NfsStatus.NOTSUPP.code());
    }
  }

  @Test
  void aTakenPortIsSaidClearly() throws Exception {
    var config =
        NfsConfig.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    try (var second =
        new NfsServer(
            config, new MemoryFileSystem(), server.execution, Meters.NONE, new MemoryRecords())) {
      assertThatThrownBy(second::start)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot listen for NFS at")
          .hasMessageContaining(String.valueOf(server.port()));
    }
  }

  @Test
  void theViewNamesTheClient() throws Exception {
    try (var client = TestClient.connected(server.port(), "kernel 7")) {
      var view = server.server().view();
      assertThat(view.clients()).hasSize(1);
      assertThat(view.clients().getFirst().owner()).isEqualTo("kernel 7");
      assertThat(view.sessions()).isEqualTo(1);
      assertThat(view.inGrace()).isFalse();
      assertThat(client.requireSession().clientId()).isEqualTo(view.clients().getFirst().id());
    }
  }

  @Test
  void aRecordLargerThanAnyEndsTheConnectionBeforeMemoryIsTaken() throws Exception {
    try (var client = new TestClient(server.port(), 1)) {
      var record = Unpooled.buffer().writeInt(0x7fff_ffff | 0x8000_0000).writeZero(8192);
      client.sendRaw(record);
      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void aLargeRecordOfAKnownSessionComesInOnAFreshConnection() throws Exception {
    try (var client = TestClient.connected(server.port(), "a");
        var fresh = new TestClient(server.port(), 2)) {
      fresh.goOnFor(client);
      var write = TestOps.write(StateId.ANONYMOUS, 0, new byte[1_000_000]);
      var reply = fresh.call(putRoot(), lookup("data"), write);
      assertThat(reply.status()).isEqualTo(NfsStatus.ISDIR.code());
    }
  }

  @Test
  void aRecordMayComeInFragmentsAndInPieces() throws Exception {
    try (var client = TestClient.connected(server.port(), "a")) {
      var record = client.inSession(putRoot(), getAttr(Attribute.TYPE));
      var next = client.call(putRoot());
      assertThat(next.status()).isZero();
      record.setInt(record.readerIndex(), 99);
      var half = record.readableBytes() / 8 * 4;
      var wire = Unpooled.buffer();
      wire.writeInt(half).writeBytes(record, half);
      wire.writeInt(0);
      wire.writeInt(record.readableBytes() | 0x8000_0000).writeBytes(record);
      while (wire.isReadable()) {
        client.sendRaw(wire.readSlice(Math.min(3, wire.readableBytes())));
      }
      assertThat(client.receiveRaw().readInt()).isEqualTo(99);
    }
  }

  /** Whatever comes, the server answers or hangs up, and goes on serving others. */
  @Test
  void garbageHarmsNobody() throws Exception {
    var seed = 20_261_121L;
    var random = new Random(seed);
    for (var round = 0; round < 150; round++) {
      try (var client = TestClient.connected(server.port(), "g" + round)) {
        var record =
            client.inSession(
                putRoot(),
                lookup("data"),
                TestOps.open("o", "f", 3, 0, TestOps.UNCHECKED),
                getAttr(Attribute.TYPE, Attribute.SIZE, Attribute.OWNER),
                TestOps.readDir(0, 4096, Attribute.FILEID));
        damage(record, random);
        client.send(record);
        client.sendRaw(Unpooled.buffer().writeInt(random.nextInt()).writeLong(random.nextLong()));
      } catch (IOException _) {
        // hung up: fine
      }
    }
    try (var client = TestClient.connected(server.port(), "after")) {
      assertThat(client.call(putRoot()).status()).as("seed %d", seed).isZero();
    }
  }

  private static void damage(ByteBuf record, Random random) {
    for (var flips = 1 + random.nextInt(6); flips > 0; flips--) {
      var at = random.nextInt(record.readableBytes());
      record.setByte(at, random.nextBoolean() ? random.nextInt() : 0xff);
    }
    if (random.nextInt(4) == 0) {
      record.writerIndex(random.nextInt(record.writerIndex()));
    }
  }
}
