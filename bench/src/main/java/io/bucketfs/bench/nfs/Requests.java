package io.bucketfs.bench.nfs;

import io.bucketfs.bench.nfs.LoadFiles.OpenFile;
import io.bucketfs.nfs.TestClient;
import io.bucketfs.nfs.TestConnection;
import io.bucketfs.nfs.TestOps;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.Share;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The requests of one client, encoded once. A copy with another xid, slot, sequence number and
 * offset costs next to nothing, so that the server gets most of the machine.
 */
final class Requests {
  /** Marker, RPC header without the credential, verifier, tag, minor version, operations. */
  private static final int BEFORE_SEQUENCE_BYTES = 12;

  private static final int LISTING_BYTES = 32_768;
  private static final StateId CURRENT = StateId.CURRENT;

  private final TestClient client;
  private final LoadFiles files;
  private final int sequenceAt;
  private final ByteBuf data;
  private final Map<Action, List<Template>> templates = new HashMap<>();

  /**
   * An encoded request.
   *
   * @param head the record marker and what comes before file data
   * @param dataBytes file data that goes behind the head
   * @param tail what comes after that
   * @param offsetAt where the offset in the file stands in the head, or 0
   */
  private record Template(byte[] head, int dataBytes, byte[] tail, int offsetAt) {}

  Requests(TestClient client, LoadFiles files, int dataBytesMax) {
    this.client = client;
    this.files = files;
    sequenceAt = 4 + client.header(0, 0, 0, 0).readableBytes() + BEFORE_SEQUENCE_BYTES + 4 + 16;
    data = Unpooled.directBuffer(Math.max(dataBytesMax, 4)).writeZero(dataBytesMax);
    for (var i = 0; i + 8 <= dataBytesMax; i += 8) {
      data.setLong(i, i * 0x9e3779b97f4a7c15L);
    }
  }

  /** Encodes an action. */
  void prepare(Action action) {
    if (templates.containsKey(action)) {
      return;
    }
    var made = new ArrayList<Template>();
    for (var file : files.files()) {
      made.add(
          switch (action.kind()) {
            case GETATTR -> plain(TestOps.putFh(file.handle()), attributes());
            case LOOKUP ->
                plain(
                    TestOps.putFh(files.directory()),
                    TestOps.lookup(file.name()),
                    TestOps.op(OperationCode.GETFH),
                    attributes());
            case READ -> read(file, action.bytes());
            case WRITE, APPEND -> write(file, action.bytes());
            case READDIR ->
                plain(
                    TestOps.putFh(files.directory()),
                    TestOps.readDir(0, LISTING_BYTES, LoadFiles.ATTRIBUTES));
            case CREATE, OPEN -> plain(TestOps.putFh(files.directory()));
          });
    }
    templates.put(action, made);
  }

  private static Consumer<ByteBuf> attributes() {
    return TestOps.getAttr(LoadFiles.ATTRIBUTES);
  }

  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  private Template plain(Consumer<ByteBuf>... operations) {
    return new Template(framed(client.caller().uncached().record(operations), 0), 0, NONE, 0);
  }

  private static final byte[] NONE = {};

  private static byte[] framed(ByteBuf record, int moreBytes) {
    var bytes = new byte[4 + record.readableBytes()];
    Unpooled.wrappedBuffer(bytes)
        .setInt(0, (record.readableBytes() + moreBytes) | 0x8000_0000)
        .setBytes(4, record);
    return bytes;
  }

  private Template read(OpenFile file, int bytes) {
    var head = plain(TestOps.putFh(file.handle()), TestOps.read(file.stateId(), 0, bytes)).head;
    return new Template(head, 0, NONE, head.length - 12);
  }

  private Template write(OpenFile file, int bytes) {
    Consumer<ByteBuf> write =
        TestOps.op(
            OperationCode.WRITE,
            out -> {
              file.stateId().write(out);
              out.writeLong(0).writeInt(0).writeInt(bytes);
            });
    var after = Unpooled.buffer().writeZero(Xdr.padding(bytes));
    TestOps.getAttr(
            Attribute.CHANGE, Attribute.SIZE, Attribute.TIME_METADATA, Attribute.TIME_MODIFY)
        .accept(after);
    var tail = new byte[after.readableBytes()];
    after.readBytes(tail);
    // The tail is an operation, too, but stands behind the data.
    var record = client.caller().uncached().record(TestOps.putFh(file.handle()), write, _ -> {});
    var head = framed(record, bytes + tail.length);
    return new Template(head, bytes, tail, head.length - 16);
  }

  /** The next request of an action, framed. */
  ByteBuf next(Action action, int random, int xid, int slot, long offset) {
    var all = templates.get(action);
    if (all == null) {
      throw new IllegalStateException("not prepared: " + action);
    }
    var template = all.get(Math.floorMod(random, all.size()));
    var out = PooledByteBufAllocator.DEFAULT.directBuffer(template.head.length);
    out.writeBytes(template.head);
    stamp(out, xid, slot);
    if (template.offsetAt > 0) {
      out.setLong(template.offsetAt, offset);
    }
    return template.dataBytes == 0
        ? out
        : Unpooled.wrappedBuffer(
            3,
            out,
            data.retainedSlice(0, template.dataBytes),
            Unpooled.wrappedBuffer(template.tail));
  }

  /** Creates a file, or removes it again. */
  ByteBuf createOrRemove(boolean create, String name, int xid, int slot) {
    var record =
        create
            ? client
                .caller()
                .record(
                    TestOps.putFh(files.directory()),
                    TestOps.open(name, name, Share.BOTH, 0, TestOps.UNCHECKED),
                    TestOps.close(CURRENT))
            : client
                .caller()
                .record(
                    TestOps.putFh(files.directory()), TestOps.named(OperationCode.REMOVE, name));
    var out = Unpooled.wrappedBuffer(framed(record, 0));
    stamp(out, xid, slot);
    return out;
  }

  /** Opens a file that is there, as an owner of the slot's own, and closes it again. */
  ByteBuf openAndClose(int random, int xid, int slot) {
    var all = files.files();
    var name = all.get(Math.floorMod(random, all.size())).name();
    var record =
        client
            .caller()
            .record(
                TestOps.putFh(files.directory()),
                TestOps.open("slot-" + slot, name, Share.READ, 0, TestOps.NO_CREATE),
                TestOps.close(CURRENT));
    var out = Unpooled.wrappedBuffer(framed(record, 0));
    stamp(out, xid, slot);
    return out;
  }

  private void stamp(ByteBuf out, int xid, int slot) {
    var sequence = client.requireTestSession().sequences().incrementAndGet(slot);
    out.setInt(4, xid);
    out.setInt(sequenceAt, sequence).setInt(sequenceAt + 4, slot).setInt(sequenceAt + 8, slot);
  }

  static int xid() {
    return TestConnection.nextXid();
  }

  void release() {
    data.release();
  }
}
