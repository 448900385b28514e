package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.makeDirectory;
import static io.bucketfs.nfs.TestOps.named;
import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;
import static io.bucketfs.nfs.TestOps.rename;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * LOOKUP, LOOKUPP, PUTFH, RENAME, VERIFY, SECINFO and SECINFO_NO_NAME on every type of object (RFC
 * 8881, 18.13, 18.14, 18.19, 18.26, 18.29, 18.30, 18.45).
 */
@Timeout(60)
final class NameOperationsTest {
  private static final int BLOCK = 3;
  private static final int CHARACTER = 4;
  private static final int LINK = 5;
  private static final int SOCKET = 6;
  private static final int FIFO = 7;

  private final Consumer<ByteBuf> save = op(OperationCode.SAVEFH);
  private final Consumer<ByteBuf> getFh = op(OperationCode.GETFH);
  private final Map<String, byte[]> handles = new LinkedHashMap<>();
  private final MemoryFileSystem files = new MemoryFileSystem();
  private NfsTestServer server;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(files, Duration.ofSeconds(60));
    client = TestClient.connected(server.port(), "a");
    create("dir", makeDirectory("dir"));
    create("file", TestOps.open("o", "file", TestState.BOTH, 0, TestOps.GUARDED));
    create("link", special(LINK, "link"));
    create("block", special(BLOCK, "block"));
    create("character", special(CHARACTER, "character"));
    create("socket", special(SOCKET, "socket"));
    create("fifo", special(FIFO, "fifo"));
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private void create(String name, Consumer<ByteBuf> operation) throws Exception {
    client.call(putRoot(), lookup("data"), operation).requireOk();
    var reply = client.call(putRoot(), lookup("data"), lookup(name), getFh).requireOk();
    reply.ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP, OperationCode.LOOKUP);
    handles.put(name, reply.handle());
  }

  private static Consumer<ByteBuf> special(int type, String name) {
    return op(
        OperationCode.CREATE,
        out -> {
          out.writeInt(type);
          if (type == LINK) {
            Xdr.writeString(out, "target");
          } else if (type == BLOCK || type == CHARACTER) {
            out.writeInt(1).writeInt(2);
          }
          Xdr.writeString(out, name);
          out.writeInt(0).writeInt(0);
        });
  }

  private Consumer<ByteBuf> at(String name) {
    return putFh(handles.getOrDefault(name, new byte[0]));
  }

  private List<String> nonDirectories() {
    return handles.keySet().stream().filter(name -> !name.equals("dir")).toList();
  }

  // ---- PUTFH and LOOKUP

  @Test
  void aHandleIsTakenBackAsItWasGiven() throws Exception {
    for (var name : handles.keySet()) {
      var reply = client.call(at(name), getFh).requireOk().ok(OperationCode.PUTFH);
      assertThat(reply.handle()).as(name).isEqualTo(handles.get(name));
    }
    client.call(putFh(new byte[] {1, 2, 3})).require(NfsStatus.BADHANDLE);
  }

  @Test
  void namesThatCannotBeAreToldApart() throws Exception {
    var data = lookup("data");
    client.call(lookup("data")).require(NfsStatus.NOFILEHANDLE);
    client.call(putRoot(), data, lookup("missing")).require(NfsStatus.NOENT);
    client.call(putRoot(), data, lookup("")).require(NfsStatus.INVAL);
    client.call(putRoot(), data, lookup("x".repeat(300))).require(NfsStatus.NAMETOOLONG);
    for (var dots : List.of(".", "..")) {
      client.call(putRoot(), data, lookup(dots)).require(NfsStatus.BADNAME);
    }
    client.call(putRoot(), data, raw(OperationCode.LOOKUP, 0xc0, 0xc1)).require(NfsStatus.INVAL);
  }

  private static Consumer<ByteBuf> raw(OperationCode code, int first, int second) {
    return op(code, out -> out.writeInt(2).writeByte(first).writeByte(second).writeShort(0));
  }

  @Test
  void onlyADirectoryIsLookedInto() throws Exception {
    for (var name : nonDirectories()) {
      var expected = name.equals("link") ? NfsStatus.SYMLINK : NfsStatus.NOTDIR;
      assertThat(client.call(at(name), lookup("x")).status()).as(name).isEqualTo(expected.code());
      assertThat(client.call(at(name), op(OperationCode.LOOKUPP)).status())
          .as(name)
          .isEqualTo(expected.code());
    }
  }

  @Test
  void whatMayNotBeSearchedIsNot() throws Exception {
    client
        .call(
            at("dir"),
            op(
                OperationCode.SETATTR,
                out -> {
                  out.writeLong(0).writeLong(0);
                  out.writeInt(2).writeInt(0).writeInt(1 << 1).writeInt(4).writeInt(0);
                }))
        .requireOk();
    client.as(7, 7);
    client.call(at("dir"), lookup("x")).require(NfsStatus.ACCESS);
    client.call(at("dir"), TestOps.readDir(0, 4096, Attribute.TYPE)).require(NfsStatus.ACCESS);
  }

  /** What Linux asks for where it lists names only; with types the entries are the same. */
  @Test
  void aListingOfNumbersAloneReadsNamesOnly() throws Exception {
    var numbers =
        new int[] {
          Attribute.RDATTR_ERROR,
          Attribute.FILEHANDLE,
          Attribute.FILEID,
          Attribute.MOUNTED_ON_FILEID
        };
    client.call(putRoot(), lookup("data"), TestOps.readDir(0, 4096, numbers)).requireOk();
    assertThat(files.namesRead()).isOne();
    client.call(putRoot(), lookup("data"), TestOps.readDir(0, 4096, Attribute.TYPE)).requireOk();
    assertThat(files.namesRead()).isOne();
    assertThat(entries(Attribute.MOUNTED_ON_FILEID)).isEqualTo(handles.size());
    assertThat(files.namesRead()).isEqualTo(2);
    assertThat(entries(Attribute.TYPE)).isEqualTo(handles.size());
  }

  /** How many entries a listing of the mount with one attribute has. */
  private int entries(int attribute) throws Exception {
    var reply =
        client
            .call(putRoot(), lookup("data"), TestOps.readDir(0, 8192, attribute))
            .requireOk()
            .ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP, OperationCode.READDIR);
    var in = reply.body();
    in.skipBytes(Long.BYTES);
    var count = 0;
    while (Xdr.readBoolean(in)) {
      in.skipBytes(Long.BYTES);
      assertThat(handles).containsKey(new String(Xdr.readBytes(in, 255), UTF_8));
      AttributeMask.read(in);
      in.skipBytes(in.readInt());
      count++;
    }
    return count;
  }

  @Test
  void theParentOfAMountIsTheRootAndThatHasNone() throws Exception {
    var parent = op(OperationCode.LOOKUPP);
    var reply = client.call(at("dir"), parent, parent, getFh).requireOk();
    reply.ok(OperationCode.PUTFH, OperationCode.LOOKUPP, OperationCode.LOOKUPP);
    var root = client.call(putRoot(), getFh).requireOk().ok(OperationCode.PUTROOTFH);
    assertThat(reply.handle()).isEqualTo(root.handle());
    client.call(putRoot(), parent).require(NfsStatus.NOENT);
    client.call(parent).require(NfsStatus.NOFILEHANDLE);
  }

  // ---- RENAME

  private TestReply move(String from, String to) throws Exception {
    return client.call(putRoot(), lookup("data"), save, rename(from, to));
  }

  @Test
  void everyTypeIsRenamedAndRenamedToItself() throws Exception {
    for (var name : List.copyOf(handles.keySet())) {
      move(name, name + "2").requireOk();
      move(name + "2", name + "2").requireOk();
      client.call(putRoot(), lookup("data"), lookup(name)).require(NfsStatus.NOENT);
      var reply = client.call(putRoot(), lookup("data"), lookup(name + "2"), getFh).requireOk();
      reply.ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP, OperationCode.LOOKUP);
      assertThat(reply.handle()).as("the handle stays").isEqualTo(handles.get(name));
    }
  }

  @Test
  void bothPlacesMustBeDirectories() throws Exception {
    for (var name : nonDirectories()) {
      assertThat(client.call(at(name), save, at("dir"), rename("a", "b")).status())
          .as("from %s", name)
          .isEqualTo(NfsStatus.NOTDIR.code());
      assertThat(client.call(at("dir"), save, at(name), rename("a", "b")).status())
          .as("to %s", name)
          .isEqualTo(NfsStatus.NOTDIR.code());
    }
    client.call(at("dir"), rename("a", "b")).require(NfsStatus.NOFILEHANDLE);
  }

  @Test
  void namesOfARenameMustBeNames() throws Exception {
    move("missing", "b").require(NfsStatus.NOENT);
    move("", "b").require(NfsStatus.INVAL);
    move("file", "").require(NfsStatus.INVAL);
    move(".", "b").require(NfsStatus.BADNAME);
    move("..", "b").require(NfsStatus.BADNAME);
    move("file", ".").require(NfsStatus.BADNAME);
    move("file", "..").require(NfsStatus.BADNAME);
  }

  @Test
  void onlyWhatIsAlikeAndEmptyIsReplaced() throws Exception {
    client.call(putRoot(), lookup("data"), makeDirectory("empty")).requireOk();
    client.call(putRoot(), lookup("data"), makeDirectory("full")).requireOk();
    client.call(putRoot(), lookup("data"), lookup("full"), makeDirectory("x")).requireOk();
    assertRefused("dir", "file", NfsStatus.NOTDIR);
    assertRefused("file", "empty", NfsStatus.ISDIR);
    assertRefused("file", "full", NfsStatus.ISDIR);
    assertRefused("dir", "full", NfsStatus.NOTEMPTY);
    move("dir", "empty").requireOk();
    move("fifo", "file").requireOk();
  }

  /** RFC 8881 says EXIST; POSIX has a closer word, which clients take, too. */
  private void assertRefused(String from, String to, NfsStatus posix) throws Exception {
    assertThat(move(from, to).status()).isIn(NfsStatus.EXIST.code(), posix.code());
  }

  @Test
  void aRenameOntoAnotherNameOfTheSameFileDoesNothing() throws Exception {
    client.call(at("file"), save, putRoot(), lookup("data"), named(OperationCode.LINK, "second"));
    move("file", "second").requireOk();
    client.call(putRoot(), lookup("data"), lookup("file")).requireOk();
    client.call(putRoot(), lookup("data"), lookup("second")).requireOk();
  }

  @Test
  void aFileThatWasReplacedIsClosedAsUsual() throws Exception {
    var open = TestState.open(client, "p", "victim", TestState.BOTH, 0);
    move("file", "victim").requireOk();
    client.call(putFh(open.handle()), TestOps.write(open.id(), 0, new byte[2])).requireOk();
    client.call(putFh(open.handle()), TestOps.close(open.id())).requireOk();
  }

  // ---- VERIFY

  @Test
  void verifyComparesWithWhatGetattrGave() throws Exception {
    var mask = new int[] {Attribute.TYPE, Attribute.CHANGE, Attribute.SIZE, Attribute.FILEID};
    var body = client.call(at("file"), getAttr(mask)).requireOk().body();
    body.skipBytes(8 + 8);
    var attributes = ByteBufUtil.getBytes(body);
    Consumer<ByteBuf> same = out -> out.writeBytes(attributes);
    client.call(at("file"), op(OperationCode.VERIFY, same), getFh).requireOk();
    client.call(at("file"), op(OperationCode.NVERIFY, same), getFh).require(NfsStatus.SAME);
    client.call(at("fifo"), op(OperationCode.VERIFY, same), getFh).require(NfsStatus.NOT_SAME);
    client.call(at("fifo"), op(OperationCode.NVERIFY, same), getFh).requireOk();
  }

  // ---- SECINFO

  @Test
  void securityIsToldAndUsesTheHandleUp() throws Exception {
    var named = named(OperationCode.SECINFO, "data");
    assertThat(flavors(client.call(putRoot(), named), OperationCode.SECINFO)).contains(1);
    client.call(putRoot(), named, getFh).require(NfsStatus.NOFILEHANDLE);
    client.call(putRoot(), named(OperationCode.SECINFO, "missing")).require(NfsStatus.NOENT);
    var ofCurrent = op(OperationCode.SECINFO_NO_NAME, out -> out.writeInt(0));
    var ofParent = op(OperationCode.SECINFO_NO_NAME, out -> out.writeInt(1));
    assertThat(flavors(client.call(putRoot(), ofCurrent), OperationCode.SECINFO_NO_NAME))
        .contains(1);
    client.call(putRoot(), ofCurrent, getFh).require(NfsStatus.NOFILEHANDLE);
    client.call(putRoot(), ofParent).require(NfsStatus.NOENT);
    client.call(at("dir"), ofParent).requireOk();
    client.call(ofCurrent).require(NfsStatus.NOFILEHANDLE);
  }

  private static List<Integer> flavors(TestReply reply, OperationCode code) {
    var body = reply.requireOk().ok(OperationCode.PUTROOTFH, code).body();
    var flavors = new ArrayList<Integer>();
    for (var left = body.readInt(); left > 0; left--) {
      flavors.add(body.readInt());
    }
    return flavors;
  }
}
