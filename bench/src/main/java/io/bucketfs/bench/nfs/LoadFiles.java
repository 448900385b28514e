package io.bucketfs.bench.nfs;

import io.bucketfs.nfs.TestClient;
import io.bucketfs.nfs.TestOps;
import io.bucketfs.nfs.TestReply;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.Share;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The files of one client on a server: a folder of its own with files of a size, open for reading
 * and writing.
 */
final class LoadFiles {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final long RETRY_SECONDS_MAX = 60;

  private final TestClient client;
  private final byte[] parent;
  private final String name;
  private final byte[] directory;
  private final List<OpenFile> files = new ArrayList<>();

  /** A file that is open. */
  record OpenFile(String name, byte[] handle, StateId stateId) {}

  private LoadFiles(TestClient client, byte[] parent, String name, byte[] directory) {
    this.client = client;
    this.parent = parent;
    this.name = name;
    this.directory = directory;
  }

  /** Makes folder and files, with data in them that is stable. */
  static LoadFiles make(TestClient client, String export, String name, int count, int bytes)
      throws IOException, InterruptedException {
    var path = new ArrayList<Consumer<ByteBuf>>();
    path.add(TestOps.putRoot());
    for (var step : export.split("/", -1)) {
      if (!step.isEmpty()) {
        path.add(TestOps.lookup(step));
      }
    }
    path.add(TestOps.op(OperationCode.GETFH));
    var parent = handle(patiently(client, path).requireOk());
    var _ = patiently(client, List.of(TestOps.putFh(parent), TestOps.makeDirectory(name)));
    var made = new LoadFiles(client, parent, name, lookup(client, parent, name));
    for (var i = 0; i < count; i++) {
      made.add("file-" + i, bytes);
    }
    return made;
  }

  private void add(String file, int bytes) throws IOException, InterruptedException {
    var open = TestOps.open("load", file, Share.BOTH, 0, TestOps.UNCHECKED);
    var opened = patiently(client, List.of(TestOps.putFh(directory), open)).requireOk();
    opened.ok(OperationCode.PUTFH).ok(OperationCode.OPEN);
    var stateId = StateId.read(opened.body());
    var handle = lookup(client, directory, file);
    var data = new byte[Math.min(bytes, CHUNK_BYTES)];
    for (var i = 0; i < data.length; i++) {
      data[i] = (byte) (i * 31 + i / 4096);
    }
    for (var at = 0L; at < bytes; at += data.length) {
      var write = TestOps.write(stateId, at, data);
      patiently(client, List.of(TestOps.putFh(handle), write)).requireOk();
    }
    var commit = TestOps.op(OperationCode.COMMIT, out -> out.writeLong(0).writeInt(0));
    patiently(client, List.of(TestOps.putFh(handle), commit)).requireOk();
    files.add(new OpenFile(file, handle, stateId));
  }

  private static byte[] lookup(TestClient client, byte[] directory, String name)
      throws IOException, InterruptedException {
    var operations =
        List.of(TestOps.putFh(directory), TestOps.lookup(name), TestOps.op(OperationCode.GETFH));
    return handle(patiently(client, operations).requireOk());
  }

  private static byte[] handle(TestReply reply) {
    // Everything before GETFH has but a status.
    for (var i = 2; i < reply.results(); i++) {
      reply.body().skipBytes(8);
    }
    return reply.handle();
  }

  /** Repeats what is refused for the time being, as after the start of a server. */
  private static TestReply patiently(TestClient client, List<Consumer<ByteBuf>> operations)
      throws IOException, InterruptedException {
    var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(RETRY_SECONDS_MAX);
    while (true) {
      var reply = client.caller().call(operations);
      var later =
          reply.status() == NfsStatus.GRACE.code() || reply.status() == NfsStatus.DELAY.code();
      if (!later || System.nanoTime() > deadline) {
        return reply;
      }
      TimeUnit.MILLISECONDS.sleep(200);
    }
  }

  byte[] directory() {
    return directory;
  }

  List<OpenFile> files() {
    return files;
  }

  /** Closes and removes everything. */
  void remove() throws IOException, InterruptedException {
    for (var file : files) {
      var close = TestOps.close(file.stateId);
      var _ = patiently(client, List.of(TestOps.putFh(file.handle), close));
      var remove = TestOps.named(OperationCode.REMOVE, file.name);
      var _ = patiently(client, List.of(TestOps.putFh(directory), remove));
    }
    var remove = TestOps.named(OperationCode.REMOVE, name);
    var _ = patiently(client, List.of(TestOps.putFh(parent), remove));
  }

  /** What Linux asks of an object. */
  static final int[] ATTRIBUTES = {
    Attribute.TYPE,
    Attribute.CHANGE,
    Attribute.SIZE,
    Attribute.FSID,
    Attribute.FILEID,
    Attribute.MODE,
    Attribute.NUMLINKS,
    Attribute.OWNER,
    Attribute.OWNER_GROUP,
    Attribute.RAWDEV,
    Attribute.SPACE_USED,
    Attribute.TIME_ACCESS,
    Attribute.TIME_METADATA,
    Attribute.TIME_MODIFY,
    Attribute.MOUNTED_ON_FILEID
  };
}
