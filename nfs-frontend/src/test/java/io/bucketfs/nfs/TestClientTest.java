package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.LeakPresenceDetector;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** That the client which other tests stand on does what it says. */
final class TestClientTest {
  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  @Test
  void connectionsAndSlotsOfOneSessionWorkAtOnce() throws Exception {
    try (var server = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60));
        var client = TestClient.connected(server.port(), "a")) {
      var second = client.connect();
      var replies = new ArrayList<CompletableFuture<TestReply>>();
      for (var i = 0; i < 400; i++) {
        var over = i % 2 == 0 ? client.connection() : second;
        if (i >= 16) {
          replies.get(i - 16).join();
        }
        replies.add(client.slot(i % 16).over(over).async(putRoot(), getAttr(Attribute.FILEID)));
      }
      for (var i = 0; i < 400; i++) {
        var sequence = replies.get(i).join().requireOk().requireSequence();
        assertThat(sequence.slot()).isEqualTo(i % 16);
        assertThat(sequence.sequence()).isEqualTo(i / 16 + (i % 16 == 0 ? 2 : 1));
      }
      assertThat(server.server().view().connections()).isEqualTo(2);
      assertThat(server.server().view().sessions()).isEqualTo(1);
    }
  }

  @Test
  void aRetryOverAnotherConnectionIsTheSameRequest() throws Exception {
    try (var server = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60));
        var client = TestClient.connected(server.port(), "a")) {
      var make = TestOps.makeDirectory("d");
      var first = client.slot(3).call(putRoot(), lookup("data"), make).requireOk();
      var second = client.reconnect();
      var again = client.slot(3).over(second).again(putRoot(), lookup("data"), make);
      assertThat(again.body()).isEqualTo(first.body());
      assertThat(client.slot(3).call(putRoot(), lookup("data"), make).status())
          .isEqualTo(NfsStatus.EXIST.code());
    }
  }

  @Test
  void aConnectionThatBreaksFailsWhatWaits() throws Exception {
    try (var listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var connection = new TestConnection(address(listening));
        var accepted = listening.accept()) {
      var reply = connection.call(Unpooled.buffer().writeInt(TestConnection.nextXid()));
      accepted.shutdownOutput();
      assertThatThrownBy(reply::join).hasRootCauseInstanceOf(IOException.class);
      assertThat(connection.isClosedByServer()).isTrue();
    }
  }

  @Test
  void callbacksAreAnsweredAsScripted() throws Exception {
    try (var listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var connection = new TestConnection(address(listening));
        var client = new TestClient(address(listening), 2, connection);
        var accepted = listening.accept()) {
      accepted.setSoTimeout(20_000);
      call(accepted, callback(7, 0));
      assertThat(reply(accepted, 7).isReadable()).isFalse();
      assertThat(client.callbacks().nulls()).isEqualTo(1);

      call(accepted, notifyLock(8, 1));
      var reply = reply(accepted, 8);
      assertThat(reply.readInt()).isZero();
      reply.skipBytes(4);
      assertThat(reply.readInt()).isEqualTo(2);
      reply.skipBytes(8 + 16 + 16);
      assertThat(reply.readInt()).isEqualTo(TestCallbacks.CB_NOTIFY_LOCK);
      var received = client.callbacks().take(TestCallbacks.CB_NOTIFY_LOCK);
      assertThat(Xdr.readBytes(received.arguments(), 128)).containsExactly(1, 2, 3);
      assertThat(received.session().tag()).isEqualTo(22);

      call(accepted, notifyLock(9, 1));
      assertThat(reply(accepted, 9).readInt()).isEqualTo(NfsStatus.SEQ_MISORDERED.code());
      client.callbacks().refuse(TestCallbacks.CB_NOTIFY_LOCK, NfsStatus.BADHANDLE);
      call(accepted, notifyLock(10, 2));
      assertThat(reply(accepted, 10).readInt()).isEqualTo(NfsStatus.BADHANDLE.code());
    }
  }

  private static InetSocketAddress address(ServerSocket listening) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), listening.getLocalPort());
  }

  /** The header of a callback without credentials. */
  private static ByteBuf callback(int xid, int procedure) {
    var out = Unpooled.buffer();
    out.writeInt(xid).writeInt(0).writeInt(2).writeInt(0x4000_0000).writeInt(1);
    return out.writeInt(procedure).writeZero(16);
  }

  private static ByteBuf notifyLock(int xid, int sequence) {
    var out = callback(xid, 1);
    out.writeInt(0).writeInt(2).writeInt(0).writeInt(2);
    out.writeInt(TestCallbacks.CB_SEQUENCE).writeLong(11).writeLong(22);
    out.writeInt(sequence).writeInt(0).writeInt(0).writeInt(0).writeInt(0);
    out.writeInt(TestCallbacks.CB_NOTIFY_LOCK);
    Xdr.writeOpaque(out, new byte[] {1, 2, 3});
    out.writeLong(11);
    Xdr.writeString(out, "owner");
    return out;
  }

  private static void call(Socket to, ByteBuf record) throws IOException {
    var framed = TestConnection.frame(record);
    framed.readBytes(to.getOutputStream(), framed.readableBytes());
  }

  /** The next record, behind its header, which says that the call with this xid was accepted. */
  private static ByteBuf reply(Socket from, int xid) throws IOException {
    var in = new DataInputStream(from.getInputStream());
    var bytes = new byte[in.readInt() & 0x7fff_ffff];
    in.readFully(bytes);
    var record = Unpooled.wrappedBuffer(bytes);
    assertThat(record.readInt()).isEqualTo(xid);
    assertThat(record.readInt()).isEqualTo(1);
    assertThat(record.readInt()).isZero();
    record.skipBytes(12);
    return record;
  }
}
