package io.bucketfs.nfs;

import static io.bucketfs.nfs.Minor2Ops.cloneRange;
import static io.bucketfs.nfs.Minor2Ops.copy;
import static io.bucketfs.nfs.Minor2Ops.copyRange;
import static io.bucketfs.nfs.Minor2Ops.getXattr;
import static io.bucketfs.nfs.Minor2Ops.listXattrs;
import static io.bucketfs.nfs.Minor2Ops.range;
import static io.bucketfs.nfs.Minor2Ops.removeXattr;
import static io.bucketfs.nfs.Minor2Ops.seek;
import static io.bucketfs.nfs.Minor2Ops.setXattr;
import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.TestState.Opened;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sparse files, copies, extended attributes: what 4.2 added, on the wire. */
@Timeout(60)
final class MinorVersion2Test {
  private static final int CHUNK = 65_536;

  private MemoryFileSystem files = new MemoryFileSystem();
  private NfsTestServer server;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    files = new MemoryFileSystem();
    server = new NfsTestServer(files, Duration.ofSeconds(60));
    client = TestClient.connected(server.port(), "a");
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    server.close();
  }

  private Opened open(String name) throws IOException {
    return TestState.open(client, "owner", name, TestState.BOTH, 0);
  }

  private void write(Opened file, long offset, byte[] data) throws IOException {
    client.call(putFh(file.handle()), TestOps.write(file.id(), offset, data)).requireOk();
  }

  private byte[] read(Opened file, long offset, int count) throws IOException {
    var reply =
        client.call(putFh(file.handle()), TestOps.read(file.id(), offset, count)).requireOk();
    reply.ok(OperationCode.PUTFH).ok(OperationCode.READ);
    reply.body().skipBytes(4);
    return Xdr.readBytes(reply.body(), count);
  }

  private long size(Opened file) throws IOException {
    var reply = client.call(putFh(file.handle()), getAttr(Attribute.SIZE)).requireOk();
    reply.ok(OperationCode.PUTFH).ok(OperationCode.GETATTR);
    AttributeMask.read(reply.body());
    reply.body().skipBytes(4);
    return reply.body().readLong();
  }

  private int status(Consumer<ByteBuf> operation, Opened file) throws IOException {
    return client.call(putFh(file.handle()), operation).status();
  }

  private int status(Consumer<ByteBuf> operation, Opened from, Opened to) throws IOException {
    return client
        .call(putFh(from.handle()), op(OperationCode.SAVEFH), putFh(to.handle()), operation)
        .status();
  }

  private static byte[] bytes(int count, int value) {
    var bytes = new byte[count];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  // Sparse files.

  private void assertFound(Opened file, long from, int what, boolean end, long offset)
      throws IOException {
    var reply = client.call(putFh(file.handle()), seek(file, from, what)).requireOk();
    reply.ok(OperationCode.PUTFH).ok(OperationCode.SEEK);
    assertThat(reply.body().readInt() == 1).isEqualTo(end);
    assertThat(reply.body().readLong()).isEqualTo(offset);
  }

  @Test
  void seekFindsDataAndHoles() throws Exception {
    var file = open("f");
    write(file, 2 * CHUNK, bytes(CHUNK, 1));
    write(file, 5 * CHUNK - 1, bytes(1, 1));
    assertFound(file, 0, 0, false, 2 * CHUNK);
    assertFound(file, 2 * CHUNK + 7, 0, false, 2 * CHUNK + 7);
    assertFound(file, 2 * CHUNK, 1, false, 3 * CHUNK);
    assertFound(file, 0, 1, false, 0);
    // Every file ends with a hole.
    assertFound(file, 5 * CHUNK - 1, 1, true, 5 * CHUNK);
    client.call(putFh(file.handle()), TestOps.setSize(file.id(), 9 * CHUNK)).requireOk();
    assertFound(file, 6 * CHUNK, 0, true, 9 * CHUNK);
    assertThat(status(seek(file, 9 * CHUNK, 1), file)).isEqualTo(NfsStatus.NXIO.code());
    assertThat(status(seek(file, -1, 0), file)).isEqualTo(NfsStatus.NXIO.code());
    assertThat(status(seek(file, 0, 2), file)).isEqualTo(NfsStatus.UNION_NOTSUPP.code());
  }

  @Test
  void allocateGrowsAndDeallocatePunches() throws Exception {
    var file = open("f");
    client
        .call(putFh(file.handle()), range(OperationCode.ALLOCATE, file.id(), 0, 3 * CHUNK))
        .requireOk();
    assertThat(size(file)).isEqualTo(3 * CHUNK);
    write(file, 0, bytes(3 * CHUNK, 5));
    client.call(putFh(file.handle()), range(OperationCode.ALLOCATE, file.id(), 10, 10)).requireOk();
    assertThat(read(file, 0, 30)).isEqualTo(bytes(30, 5));
    client
        .call(putFh(file.handle()), range(OperationCode.DEALLOCATE, file.id(), CHUNK, -1))
        .requireOk();
    assertThat(size(file)).isEqualTo(3 * CHUNK);
    assertThat(read(file, CHUNK - 1, 2)).containsExactly(5, 0);
    assertFound(file, 0, 1, false, CHUNK);
    assertThat(status(range(OperationCode.ALLOCATE, file.id(), -1, 1), file))
        .isEqualTo(NfsStatus.FBIG.code());
  }

  @Test
  void holesNeedAnOpenForWriting() throws Exception {
    var file = open("f");
    var reply =
        client
            .call(putRoot(), lookup("data"), TestOps.open("reader", "f", 1, 0, TestOps.NO_CREATE))
            .requireOk();
    reply.ok(OperationCode.PUTROOTFH).ok(OperationCode.LOOKUP).ok(OperationCode.OPEN);
    var reader = StateId.read(reply.body());
    assertThat(status(range(OperationCode.ALLOCATE, reader, 0, 1), file))
        .isEqualTo(NfsStatus.OPENMODE.code());
    assertThat(status(range(OperationCode.DEALLOCATE, reader, 0, 1), file))
        .isEqualTo(NfsStatus.OPENMODE.code());
  }

  // Copies.

  /** Lets a COPY succeed, whose result comes next. */
  private TestReply copied(Opened from, Opened to, Consumer<ByteBuf> copy) throws IOException {
    var reply =
        client
            .call(putFh(from.handle()), op(OperationCode.SAVEFH), putFh(to.handle()), copy)
            .requireOk();
    return reply.ok(
        OperationCode.PUTFH, OperationCode.SAVEFH, OperationCode.PUTFH, OperationCode.COPY);
  }

  @Test
  void copyIsSynchronousAndStable() throws Exception {
    var from = open("from");
    var to = open("to");
    write(from, 0, "0123456789".getBytes(UTF_8));
    var reply = copied(from, to, copy(from, to, 2, 1, 0));
    assertThat(reply.body().readInt()).as("callback ids").isZero();
    assertThat(reply.body().readLong()).isEqualTo(8);
    assertThat(reply.body().readInt()).as("FILE_SYNC").isEqualTo(2);
    assertThat(reply.body().readLong()).isEqualTo(files.writeVerifier());
    assertThat(reply.body().readInt()).as("consecutive").isEqualTo(1);
    assertThat(reply.body().readInt()).as("synchronous").isEqualTo(1);
    assertThat(read(to, 0, 20)).isEqualTo("\00023456789".getBytes(UTF_8));
  }

  @Test
  void aLongCopyEndsWithAShortCount() throws Exception {
    var from = open("from");
    var to = open("to");
    client
        .call(putFh(from.handle()), TestOps.setSize(from.id(), MemoryFileSystem.COPY_BYTES_MAX + 1))
        .requireOk();
    var reply = copied(from, to, copy(from, to, 0, 0, 0));
    reply.body().skipBytes(4);
    assertThat(reply.body().readLong()).isEqualTo(MemoryFileSystem.COPY_BYTES_MAX);
  }

  @Test
  void cloneGivesTheSameBytes() throws Exception {
    var from = open("from");
    var to = open("to");
    write(from, 0, "0123456789".getBytes(UTF_8));
    assertThat(status(cloneRange(from, to, 3, 0, 4), from, to)).isZero();
    assertThat(read(to, 0, 20)).isEqualTo("3456".getBytes(UTF_8));
    assertThat(status(cloneRange(from, from, 0, 20, 0), from, from)).isZero();
    assertThat(size(from)).isEqualTo(30);
  }

  @Test
  void copiesBeyondTheSourceOrOntoItselfAreRefused() throws Exception {
    var from = open("from");
    var to = open("to");
    write(from, 0, "0123456789".getBytes(UTF_8));
    for (var operation :
        List.of(
            cloneRange(from, to, 5, 0, 6),
            copy(from, to, 5, 0, 6),
            cloneRange(from, to, 11, 0, 0),
            cloneRange(from, to, -1, 0, 1),
            copy(from, to, 0, 0, -1))) {
      assertThat(status(operation, from, to)).isEqualTo(NfsStatus.INVAL.code());
    }
    assertThat(status(cloneRange(from, from, 0, 5, 6), from, from))
        .isEqualTo(NfsStatus.INVAL.code());
    assertThat(status(cloneRange(from, to, 0, Long.MAX_VALUE, 5), from, to))
        .isEqualTo(NfsStatus.FBIG.code());
    assertThat(client.call(putFh(to.handle()), cloneRange(from, to, 0, 0, 1)).status())
        .isEqualTo(NfsStatus.NOFILEHANDLE.code());
    var directory = new Opened(from.id(), root());
    assertThat(status(cloneRange(from, to, 0, 0, 1), directory, to))
        .isEqualTo(NfsStatus.WRONG_TYPE.code());
  }

  private byte[] root() throws IOException {
    var reply = client.call(putRoot(), lookup("data"), op(OperationCode.GETFH)).requireOk();
    reply.ok(OperationCode.PUTROOTFH).ok(OperationCode.LOOKUP).ok(OperationCode.GETFH);
    return Xdr.readBytes(reply.body(), 128);
  }

  @Test
  void aCopyFromAnotherServerIsRefused() throws Exception {
    var from = open("from");
    var to = open("to");
    var elsewhere =
        op(
            OperationCode.COPY,
            out -> {
              copyRange(out, from, to, 0, 0, 0);
              out.writeInt(1).writeInt(1).writeInt(1).writeInt(1);
              Xdr.writeString(out, "elsewhere");
            });
    assertThat(status(elsewhere, from, to)).isEqualTo(NfsStatus.NOTSUPP.code());
  }

  // Hints, and what is not offered.

  @Test
  void whatWillBeNeededIsPassedOn() throws Exception {
    var file = open("f");
    var advise =
        op(
            OperationCode.IO_ADVISE,
            out -> {
              file.id().write(out);
              out.writeLong(100).writeLong(1000);
              AttributeMask.of(1, 4, 6).write(out);
            });
    var reply = client.call(putFh(file.handle()), advise).requireOk();
    reply.ok(OperationCode.PUTFH).ok(OperationCode.IO_ADVISE);
    assertThat(AttributeMask.read(reply.body())).isEqualTo(AttributeMask.of(4));
    assertThat(files.hints()).hasSize(1);
    assertThat(files.hints().getFirst().length()).isEqualTo(1000);
  }

  @Test
  void whatIsNotOfferedIsRefusedInAWayThatClientsTakeForGood() throws Exception {
    var file = open("f");
    for (var code :
        List.of(
            OperationCode.READ_PLUS,
            OperationCode.OPENATTR,
            OperationCode.COPY_NOTIFY,
            OperationCode.OFFLOAD_CANCEL,
            OperationCode.OFFLOAD_STATUS,
            OperationCode.WRITE_SAME,
            OperationCode.LAYOUTGET,
            OperationCode.LAYOUTCOMMIT,
            OperationCode.LAYOUTRETURN,
            OperationCode.LAYOUTERROR,
            OperationCode.LAYOUTSTATS,
            OperationCode.GETDEVICEINFO)) {
      assertThat(status(op(code), file)).as("%s", code).isEqualTo(NfsStatus.NOTSUPP.code());
    }
  }

  /** RFC 7862, 14.1 defines the flag; EID4 of pynfs takes it for undefined in 4.2 too. */
  @Test
  void fencingMayBeOfferedInThisVersionOnly() throws Exception {
    var fenceOperations = 4;
    for (var version : List.of(1, 2)) {
      try (var other = new TestClient(server.port(), version)) {
        var exchange =
            op(
                OperationCode.EXCHANGE_ID,
                out -> {
                  out.writeLong(1);
                  Xdr.writeString(out, "b");
                  out.writeInt(fenceOperations).writeInt(0).writeInt(0);
                });
        assertThat(other.bare(exchange).status())
            .isEqualTo(version == 1 ? NfsStatus.INVAL.code() : 0);
      }
    }
  }

  @Test
  void attributesOfTheVersionAreTold() throws Exception {
    var file = open("f");
    var reply =
        client
            .call(
                putFh(file.handle()),
                getAttr(
                    Attribute.CLONE_BLKSIZE, Attribute.CHANGE_ATTR_TYPE, Attribute.XATTR_SUPPORT))
            .requireOk();
    reply.ok(OperationCode.PUTFH).ok(OperationCode.GETATTR);
    AttributeMask.read(reply.body());
    reply.body().skipBytes(4);
    assertThat(reply.body().readInt()).as("clone_blksize").isEqualTo(1);
    assertThat(reply.body().readInt()).as("change_attr_type: MONOTONIC_INCR").isZero();
    assertThat(reply.body().readInt()).as("xattr_support").isEqualTo(1);
  }

  @Test
  void theUmaskCountsOnlyAtCreation() throws Exception {
    var made =
        op(
            OperationCode.CREATE,
            out -> {
              out.writeInt(2);
              Xdr.writeString(out, "d");
              AttributeMask.of(Attribute.MODE_UMASK).write(out);
              out.writeInt(8).writeInt(0777).writeInt(027);
            });
    var reply = client.call(putRoot(), lookup("data"), made, getAttr(Attribute.MODE)).requireOk();
    reply.ok(OperationCode.PUTROOTFH).ok(OperationCode.LOOKUP).ok(OperationCode.CREATE);
    reply.body().skipBytes(4 + 16);
    assertThat(AttributeMask.read(reply.body())).isEqualTo(AttributeMask.of(Attribute.MODE_UMASK));
    reply.ok(OperationCode.GETATTR);
    AttributeMask.read(reply.body());
    reply.body().skipBytes(4);
    assertThat(reply.body().readInt()).isEqualTo(0750);
    var file = open("f");
    assertThat(status(setMode(AttributeMask.of(Attribute.MODE_UMASK), 0777, 027), file))
        .isEqualTo(NfsStatus.INVAL.code());
    var both = AttributeMask.of(Attribute.MODE, Attribute.MODE_UMASK);
    assertThat(status(setMode(both, 0777, 0777, 027), file)).isEqualTo(NfsStatus.INVAL.code());
  }

  private static Consumer<ByteBuf> setMode(AttributeMask mask, int... values) {
    return op(
        OperationCode.SETATTR,
        out -> {
          StateId.ANONYMOUS.write(out);
          mask.write(out);
          out.writeInt(4 * values.length);
          for (var value : values) {
            out.writeInt(value);
          }
        });
  }

  // Extended attributes.

  @Test
  void extendedAttributesAreSetReadAndRemoved() throws Exception {
    var file = open("f");
    var reply =
        client
            .call(
                putFh(file.handle()),
                getAttr(Attribute.CHANGE),
                setXattr(1, "k", "value".getBytes(UTF_8)),
                getXattr("k"),
                removeXattr("k"))
            .requireOk();
    reply.ok(OperationCode.PUTFH).ok(OperationCode.GETATTR);
    AttributeMask.read(reply.body());
    reply.body().skipBytes(4);
    var before = reply.body().readLong();
    reply.ok(OperationCode.SETXATTR);
    assertThat(reply.body().readInt()).as("atomic").isEqualTo(1);
    assertThat(reply.body().readLong()).isEqualTo(before);
    var after = reply.body().readLong();
    assertThat(after).isGreaterThan(before);
    reply.ok(OperationCode.GETXATTR);
    assertThat(new String(Xdr.readBytes(reply.body(), 100), UTF_8)).isEqualTo("value");
    reply.ok(OperationCode.REMOVEXATTR);
    reply.body().skipBytes(4);
    assertThat(reply.body().readLong()).isEqualTo(after);
  }

  @Test
  void optionsAndMissingNamesAreToldApart() throws Exception {
    var file = open("f");
    var value = new byte[0];
    assertThat(status(getXattr("k"), file)).isEqualTo(NfsStatus.NOXATTR.code());
    assertThat(status(setXattr(2, "k", value), file)).isEqualTo(NfsStatus.NOXATTR.code());
    assertThat(status(setXattr(1, "k", value), file)).isZero();
    assertThat(status(setXattr(1, "k", value), file)).isEqualTo(NfsStatus.EXIST.code());
    assertThat(status(setXattr(0, "k", value), file)).isZero();
    assertThat(status(setXattr(2, "k", value), file)).isZero();
    assertThat(status(setXattr(3, "k", value), file)).isEqualTo(NfsStatus.INVAL.code());
    assertThat(status(removeXattr("other"), file)).isEqualTo(NfsStatus.NOXATTR.code());
    assertThat(status(setXattr(0, "", value), file)).isEqualTo(NfsStatus.INVAL.code());
    assertThat(status(setXattr(0, "n".repeat(256), value), file))
        .isEqualTo(NfsStatus.NAMETOOLONG.code());
    assertThat(status(setXattr(0, "k", new byte[65_537]), file))
        .isEqualTo(NfsStatus.XATTR2BIG.code());
    assertThat(client.call(putRoot(), getXattr("k")).status()).isEqualTo(NfsStatus.NOXATTR.code());
    assertThat(client.call(putRoot(), setXattr(0, "k", value)).status())
        .isEqualTo(NfsStatus.ROFS.code());
  }

  @Test
  void aListingGoesOnWhereItStopped() throws Exception {
    var file = open("f");
    for (var i = 0; i < 20; i++) {
      assertThat(status(setXattr(1, "name-" + i, new byte[1]), file)).isZero();
    }
    var seen = new ArrayList<String>();
    var cookie = 0L;
    for (var end = false; !end; ) {
      var reply = client.call(putFh(file.handle()), listXattrs(cookie, 64)).requireOk();
      reply.ok(OperationCode.PUTFH).ok(OperationCode.LISTXATTRS);
      cookie = reply.body().readLong();
      for (var left = reply.body().readInt(); left > 0; left--) {
        seen.add(new String(Xdr.readBytes(reply.body(), 100), UTF_8));
      }
      end = reply.body().readInt() == 1;
      // What was seen and goes meanwhile hides nothing else.
      assertThat(status(removeXattr(seen.getFirst()), file)).isIn(0, NfsStatus.NOXATTR.code());
    }
    assertThat(seen).hasSize(20).doesNotHaveDuplicates();
    assertThat(status(listXattrs(0, 15), file)).isEqualTo(NfsStatus.TOOSMALL.code());
    assertThat(status(listXattrs(0, 20), file)).isEqualTo(NfsStatus.TOOSMALL.code());
  }

  @Test
  void accessTellsWhoMayUseExtendedAttributes() throws Exception {
    var file = open("f");
    var access = op(OperationCode.ACCESS, out -> out.writeInt(0x1c0));
    var reply = client.call(putFh(file.handle()), access).requireOk();
    reply.ok(OperationCode.PUTFH).ok(OperationCode.ACCESS);
    assertThat(reply.body().readInt()).isEqualTo(0x1c0);
    assertThat(reply.body().readInt()).isEqualTo(0x1c0);
  }
}
