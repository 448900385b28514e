package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.makeDirectory;
import static io.bucketfs.nfs.TestOps.named;
import static io.bucketfs.nfs.TestOps.op;
import static io.bucketfs.nfs.TestOps.putFh;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.access.ClientRule;
import io.bucketfs.core.access.Network;
import io.bucketfs.core.access.Squash;
import io.bucketfs.core.access.SubExport;
import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Who sees a mount, what he may do in it, and as whom. Clients come from addresses of 127.0.0.0/8.
 */
final class AccessRulesTest {
  private static final Squash ROOT = new Squash(Squash.Kind.ROOT, 65_534, 65_533);
  private static final Squash ALL = new Squash(Squash.Kind.ALL, 77, 78);
  private static final int AUTH_TLS = 7;
  private static final int RPCSEC_GSS = 6;

  private final MemoryFileSystem files = new MemoryFileSystem();
  private final List<TestClient> clients = new ArrayList<>();
  private NfsTestServer server;

  @BeforeEach
  void start() throws Exception {
    server = new NfsTestServer(files, Duration.ofSeconds(60));
  }

  @AfterEach
  void stop() {
    clients.forEach(TestClient::close);
    server.close();
  }

  private TestClient from(String address) throws IOException {
    var at = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
    var connection =
        new TestConnection(
            TestConnection.loops(1, true),
            at,
            new InetSocketAddress(InetAddress.ofLiteral(address), 0));
    var client = new TestClient(at, 2, connection);
    clients.add(client);
    client.establish(address, 1);
    client.call(TestClient.reclaimComplete()).requireOk();
    return client;
  }

  private static ClientRule rule(String network, boolean readOnly, Squash squash) {
    return new ClientRule(Network.parse(network), readOnly, squash);
  }

  private void allow(String mount, ClientRule... rules) {
    files.setAccess(mount, new Access(List.of(rules), List.of(), 0));
  }

  private void share(SubExport... subs) {
    files.setAccess(
        "data", new Access(List.of(rule("127.0.0.1", false, Squash.NONE)), List.of(subs), 9));
  }

  private static SubExport team(SubExport.@Nullable Ids ids) {
    return new SubExport(
        3, "team", "teams/a", false, ids, List.of(rule("127.0.0.2", false, Squash.NONE)));
  }

  private static List<String> names(TestClient client, byte[]... directory) throws IOException {
    var from = directory.length == 0 ? putRoot() : putFh(directory[0]);
    var reply = client.call(from, TestOps.readDir(0, 8192)).requireOk();
    var put = directory.length == 0 ? OperationCode.PUTROOTFH : OperationCode.PUTFH;
    var body = reply.ok(put).ok(OperationCode.READDIR).body();
    body.skipBytes(8);
    var names = new ArrayList<String>();
    while (body.readInt() == 1) {
      body.skipBytes(8);
      names.add(new String(Xdr.readBytes(body, 255), StandardCharsets.UTF_8));
      AttributeMask.read(body);
      Xdr.skipOpaque(body, 4096);
    }
    return names;
  }

  /** A handle of what is at a path below the pseudo-root. */
  private static byte[] handle(TestClient client, String... path) throws IOException {
    var operations = new ArrayList<Consumer<ByteBuf>>(List.of(putRoot()));
    for (var name : path) {
      operations.add(lookup(name));
    }
    operations.add(op(OperationCode.GETFH));
    var reply = client.caller().call(operations).requireOk().ok(OperationCode.PUTROOTFH);
    for (var _ : path) {
      reply.ok(OperationCode.LOOKUP);
    }
    return reply.handle();
  }

  private static byte[] make(TestClient client, byte[] parent, String name) throws IOException {
    var reply = client.call(putFh(parent), makeDirectory(name), op(OperationCode.GETFH));
    reply.requireOk().ok(OperationCode.PUTFH).ok(OperationCode.CREATE).body().skipBytes(20);
    AttributeMask.read(reply.body());
    return reply.handle();
  }

  private static long number(TestClient client, byte[] handle, int attribute) throws IOException {
    var reply = client.call(putFh(handle), getAttr(attribute)).requireOk();
    var body = reply.ok(OperationCode.PUTFH).ok(OperationCode.GETATTR).body();
    AttributeMask.read(body);
    body.readInt();
    return attribute == Attribute.OWNER || attribute == Attribute.OWNER_GROUP
        ? Long.parseLong(new String(Xdr.readBytes(body, 20), StandardCharsets.US_ASCII))
        : body.readLong();
  }

  @Test
  void aClientSeesOnlyWhatItMayUse() throws Exception {
    allow("data", rule("127.0.0.2/31", false, Squash.NONE));
    assertThat(names(from("127.0.0.3"))).containsExactly("data", "other");
    var stranger = from("127.0.0.4");
    assertThat(names(stranger)).containsExactly("other");
    stranger.call(putRoot(), lookup("data")).require(NfsStatus.NOENT);
    stranger
        .call(putRoot(), TestOps.open("o", "data", 1, 0, TestOps.NO_CREATE))
        .require(NfsStatus.ROFS);
  }

  @Test
  void theFirstRuleThatHoldsTheAddressCounts() throws Exception {
    allow("data", rule("127.0.0.2", true, Squash.NONE), rule("any", false, Squash.NONE));
    var reader = from("127.0.0.2");
    reader.call(putRoot(), lookup("data"), makeDirectory("d")).require(NfsStatus.ROFS);
    from("127.0.0.3").call(putRoot(), lookup("data"), makeDirectory("d")).requireOk();
    allow("data", rule("any", false, Squash.NONE), rule("127.0.0.2", true, Squash.NONE));
    reader.call(putRoot(), lookup("data"), makeDirectory("e")).requireOk();
  }

  @Test
  void idsAreSquashedByTheRule() throws Exception {
    allow("data", rule("127.0.0.2", false, ROOT), rule("127.0.0.3", false, ALL));
    var squashed = from("127.0.0.2");
    var mine = make(squashed, handle(squashed, "data"), "by-root");
    assertThat(number(squashed, mine, Attribute.OWNER)).isEqualTo(65_534);
    assertThat(number(squashed, mine, Attribute.OWNER_GROUP)).isEqualTo(65_533);
    squashed.as(1000, 100);
    var users = make(squashed, handle(squashed, "data"), "by-user");
    assertThat(number(squashed, users, Attribute.OWNER)).isEqualTo(1000);
    var anonymous = from("127.0.0.3").as(1000, 100);
    var all = make(anonymous, handle(anonymous, "data"), "by-all");
    assertThat(number(anonymous, all, Attribute.OWNER)).isEqualTo(77);
    assertThat(number(anonymous, all, Attribute.OWNER_GROUP)).isEqualTo(78);
  }

  @Test
  void aReadOnlyClientChangesNothing() throws Exception {
    var owner = from("127.0.0.3");
    var root = handle(owner, "data");
    owner.call(putFh(root), makeDirectory("d")).requireOk();
    owner.call(putFh(root), TestOps.open("o", "f", 3, 0, TestOps.UNCHECKED)).requireOk();
    allow("data", rule("127.0.0.2", true, Squash.NONE), rule("any", false, Squash.NONE));
    var reader = from("127.0.0.2");
    var changes =
        List.of(
            makeDirectory("e"),
            named(OperationCode.REMOVE, "d"),
            TestOps.open("o", "new", 1, 0, TestOps.UNCHECKED),
            TestOps.open("o", "new", 3, 0, TestOps.GUARDED),
            TestOps.open("o", "f", 2, 0, TestOps.NO_CREATE));
    for (var change : changes) {
      reader.call(putFh(root), change).require(NfsStatus.ROFS);
    }
    reader
        .call(putFh(root), op(OperationCode.SAVEFH), TestOps.rename("d", "e"))
        .require(NfsStatus.ROFS);
    var file = handle(reader, "data", "f");
    reader.call(putFh(file), TestOps.setSize(StateId.ANONYMOUS, 0)).require(NfsStatus.ROFS);
    reader
        .call(putFh(file), TestOps.write(StateId.ANONYMOUS, 0, new byte[] {1}))
        .require(NfsStatus.ROFS);
    reader
        .call(
            putFh(file), op(OperationCode.SAVEFH), putFh(root), named(OperationCode.LINK, "second"))
        .require(NfsStatus.ROFS);
    reader.call(putFh(file), TestOps.read(StateId.ANONYMOUS, 0, 10)).requireOk();
    var access =
        reader
            .call(putFh(root), op(OperationCode.ACCESS, out -> out.writeInt(0x1f)))
            .ok(OperationCode.PUTFH)
            .ok(OperationCode.ACCESS)
            .body();
    assertThat(access.readInt()).isEqualTo(0x1f);
    assertThat(access.readInt()).isEqualTo(0x03);
    assertThat(names(owner, root)).containsExactly("d", "f");
  }

  @Test
  void rulesHoldAtOnceForClientsThatAreThere() throws Exception {
    var client = from("127.0.0.2");
    var root = handle(client, "data");
    var opened =
        client.call(putFh(root), TestOps.open("o", "f", 3, 0, TestOps.UNCHECKED)).requireOk();
    opened.ok(OperationCode.PUTFH).ok(OperationCode.OPEN);
    var open = StateId.read(opened.body());
    var file = handle(client, "data", "f");
    allow("data", rule("127.0.0.9", false, Squash.NONE));
    client.call(putFh(file), TestOps.read(open, 0, 10)).require(NfsStatus.ACCESS);
    client.call(putFh(file), TestOps.write(open, 0, new byte[] {1})).require(NfsStatus.ACCESS);
    client.call(putFh(root), getAttr(Attribute.TYPE)).require(NfsStatus.ACCESS);
    client.call(putFh(root), lookup("f")).require(NfsStatus.ACCESS);
    client
        .call(putFh(root), op(OperationCode.SECINFO_NO_NAME, out -> out.writeInt(0)))
        .require(NfsStatus.ACCESS);
    assertThat(names(client)).containsExactly("other");
    allow("data", rule("any", true, Squash.NONE));
    client.call(putFh(file), TestOps.read(open, 0, 10)).requireOk();
    client.call(putFh(file), TestOps.write(open, 0, new byte[] {1})).require(NfsStatus.ROFS);
    allow("data", rule("127.0.0.9", false, Squash.NONE));
    // What it holds it can let go.
    client.call(putFh(file), TestOps.close(open)).requireOk();
  }

  @Test
  void aHandleOfAnotherClientOpensNothing() throws Exception {
    allow("data", rule("127.0.0.2", false, Squash.NONE));
    var root = handle(from("127.0.0.2"), "data");
    var thief = from("127.0.0.3");
    thief.call(putFh(root), getAttr(Attribute.TYPE)).require(NfsStatus.ACCESS);
    var other = handle(thief, "other");
    thief
        .call(putFh(root), op(OperationCode.SAVEFH), putFh(other), TestOps.rename("a", "b"))
        .require(NfsStatus.ACCESS);
  }

  @Test
  void aSubExportIsAFileSystemOfItsOwnWithForcedIds() throws Exception {
    var owner = from("127.0.0.1");
    var teams = make(owner, handle(owner, "data"), "teams");
    var a = make(owner, teams, "a");
    owner.call(putFh(a), op(OperationCode.SETATTR, AccessRulesTest::modeForAll)).requireOk();
    share(team(new SubExport.Ids(1234, 567)));
    assertThat(names(owner)).containsExactly("data", "other");
    var member = from("127.0.0.2").as(0, 0);
    assertThat(names(member)).containsExactly("team", "other");
    var root = handle(member, "team");
    var made = make(member, root, "new");
    assertThat(number(member, made, Attribute.OWNER)).isEqualTo(1234);
    assertThat(number(member, made, Attribute.OWNER_GROUP)).isEqualTo(567);
    assertThat(names(owner, a)).containsExactly("new");
    // Distinct to clients, although it is the same directory.
    assertThat(root).isNotEqualTo(a);
    assertThat(number(member, root, Attribute.FSID)).isNotEqualTo(0x1111);
    assertThat(number(member, root, Attribute.FILEID))
        .isEqualTo(number(owner, a, Attribute.FILEID))
        .isNotEqualTo(number(member, root, Attribute.MOUNTED_ON_FILEID));
    // Up from its root is the pseudo-root, and not the rest of the mount.
    var up =
        member
            .call(putFh(root), op(OperationCode.LOOKUPP), lookup("team"), op(OperationCode.GETFH))
            .requireOk();
    assertThat(up.ok(OperationCode.PUTFH, OperationCode.LOOKUPP, OperationCode.LOOKUP).handle())
        .isEqualTo(root);
    var back =
        member.call(putFh(made), op(OperationCode.LOOKUPP), op(OperationCode.GETFH)).requireOk();
    assertThat(back.ok(OperationCode.PUTFH, OperationCode.LOOKUPP).handle()).isEqualTo(root);
    // Its handles do not let into the mount itself, nor do the mount's let a member in.
    member.call(putFh(a), getAttr(Attribute.TYPE)).require(NfsStatus.ACCESS);
    owner.call(putFh(root), getAttr(Attribute.TYPE)).require(NfsStatus.ACCESS);
  }

  private static void modeForAll(ByteBuf out) {
    StateId.ANONYMOUS.write(out);
    AttributeMask.of(Attribute.MODE).write(out);
    out.writeInt(4).writeInt(0777);
  }

  @Test
  void betweenExportsOfOneMountNothingIsRenamedOrLinked() throws Exception {
    var owner = from("127.0.0.1");
    var teams = make(owner, handle(owner, "data"), "teams");
    make(owner, make(owner, teams, "a"), "x");
    var everybody = rule("any", false, Squash.NONE);
    var sub = new SubExport(3, "team", "teams/a", false, null, List.of());
    files.setAccess("data", new Access(List.of(everybody), List.of(sub), 3));
    var through = handle(owner, "team");
    owner
        .call(putFh(through), op(OperationCode.SAVEFH), putFh(teams), TestOps.rename("x", "y"))
        .require(NfsStatus.XDEV);
    owner
        .call(putFh(through), op(OperationCode.SAVEFH), putFh(through), TestOps.rename("x", "y"))
        .requireOk();
    var file = handle(owner, "team", "y");
    owner
        .call(putFh(file), op(OperationCode.SAVEFH), putFh(teams), named(OperationCode.LINK, "z"))
        .require(NfsStatus.XDEV);
  }

  @Test
  void aDirectoryThatWasMovedOutDoesNotLeadAbove() throws Exception {
    var owner = from("127.0.0.1");
    var data = handle(owner, "data");
    var teams = make(owner, data, "teams");
    var a = make(owner, teams, "a");
    make(owner, make(owner, a, "deep"), "deeper");
    share(team(null));
    var member = from("127.0.0.2");
    var deeper = handle(member, "team", "deep", "deeper");
    member.call(putFh(deeper), op(OperationCode.LOOKUPP)).requireOk();
    owner
        .call(putFh(a), op(OperationCode.SAVEFH), putFh(data), TestOps.rename("deep", "out"))
        .requireOk();
    member.call(putFh(deeper), getAttr(Attribute.TYPE)).requireOk();
    member.call(putFh(deeper), op(OperationCode.LOOKUPP)).require(NfsStatus.ACCESS);
  }

  @Test
  void aSubExportWithoutADirectoryIsNotThere() throws Exception {
    share(team(null));
    var member = from("127.0.0.2");
    assertThat(names(member)).containsExactly("other");
    member.call(putRoot(), lookup("team")).require(NfsStatus.NOENT);
    var owner = from("127.0.0.1");
    make(owner, make(owner, handle(owner, "data"), "teams"), "a");
    assertThat(names(member)).containsExactly("team", "other");
    member.call(putRoot(), lookup("team")).requireOk();
  }

  @Test
  void aHandleIsStaleWhenItsSubExportIsGone() throws Exception {
    var owner = from("127.0.0.1");
    make(owner, make(owner, handle(owner, "data"), "teams"), "a");
    share(team(null));
    var member = from("127.0.0.2");
    var root = handle(member, "team");
    share();
    member.call(putFh(root), getAttr(Attribute.TYPE)).require(NfsStatus.STALE);
  }

  // Security flavors.

  /** The same request with another credential. */
  private static ByteBuf with(int flavor, ByteBuf record) {
    var out = Unpooled.buffer();
    out.writeBytes(record, 24);
    record.skipBytes(4);
    Xdr.skipOpaque(record, 400);
    out.writeInt(flavor).writeInt(0);
    return out.writeBytes(record);
  }

  @SafeVarargs
  @SuppressWarnings("varargs") // passed on and only read
  private static TestReply withoutCredentials(TestClient client, Consumer<ByteBuf>... operations)
      throws IOException {
    client.requireTestSession().sequences().incrementAndGet(0);
    client.send(with(0, client.inSession(operations)));
    return client.receive();
  }

  @Test
  void withoutCredentialsAMountIsTheWrongSecurityUnlessAllAreAnonymous() throws Exception {
    var client = from("127.0.0.2");
    var root = handle(client, "data");
    withoutCredentials(client, putRoot(), getAttr(Attribute.TYPE)).requireOk();
    withoutCredentials(client, putRoot(), lookup("data")).require(NfsStatus.WRONGSEC);
    assertThat(flavors(client, putRoot(), "data")).containsExactly(1);
    allow("data", rule("any", false, ALL));
    assertThat(flavors(client, putRoot(), "data")).containsExactly(1, 0);
    withoutCredentials(client, putRoot(), lookup("data"), makeDirectory("d")).requireOk();
    assertThat(number(client, handle(client, "data", "d"), Attribute.OWNER)).isEqualTo(77);
    withoutCredentials(client, putFh(root), getAttr(Attribute.TYPE)).requireOk();
  }

  private static List<Integer> flavors(TestClient client, Consumer<ByteBuf> directory, String name)
      throws IOException {
    var reply = withoutCredentials(client, directory, named(OperationCode.SECINFO, name));
    var body = reply.requireOk().ok(OperationCode.PUTROOTFH).ok(OperationCode.SECINFO).body();
    var flavors = new ArrayList<Integer>();
    for (var left = body.readInt(); left > 0; left--) {
      flavors.add(body.readInt());
    }
    return flavors;
  }

  /** RFC 8881, 2.6.3.1.1: which operation says WRONGSEC depends on the one that follows PUTFH. */
  @Test
  void whoSaysWrongSecurityDependsOnWhatFollows() throws Exception {
    var client = from("127.0.0.2");
    var root = handle(client, "data");
    make(client, root, "d");
    var byPut = withoutCredentials(client, putFh(root), getAttr(Attribute.TYPE));
    assertThat(byPut.result(OperationCode.PUTFH)).isEqualTo(NfsStatus.WRONGSEC.code());
    var byLookup = withoutCredentials(client, putFh(root), lookup("d"));
    assertThat(byLookup.ok(OperationCode.PUTFH).result(OperationCode.LOOKUP))
        .isEqualTo(NfsStatus.WRONGSEC.code());
    withoutCredentials(client, putFh(root)).requireOk();
    withoutCredentials(client, putFh(root), putRoot()).requireOk();
    withoutCredentials(client, putFh(root), named(OperationCode.SECINFO, "d")).requireOk();
    var used =
        withoutCredentials(client, putFh(root), named(OperationCode.SECINFO, "d"), getAttr(1));
    assertThat(used.status()).isEqualTo(NfsStatus.NOFILEHANDLE.code());
    var noName = op(OperationCode.SECINFO_NO_NAME, out -> out.writeInt(0));
    var told = withoutCredentials(client, putFh(root), noName).requireOk().ok(OperationCode.PUTFH);
    assertThat(told.ok(OperationCode.SECINFO_NO_NAME).body().readInt()).isEqualTo(1);
    assertThat(told.body().readInt()).isEqualTo(1);
    var saved =
        withoutCredentials(
            client, putFh(root), op(OperationCode.SAVEFH), putRoot(), op(OperationCode.RESTOREFH));
    saved.requireOk();
    var restored =
        withoutCredentials(
            client,
            putFh(root),
            op(OperationCode.SAVEFH),
            putRoot(),
            op(OperationCode.RESTOREFH),
            getAttr(Attribute.TYPE));
    assertThat(restored.status()).isEqualTo(NfsStatus.WRONGSEC.code());
    assertThat(restored.results()).isEqualTo(5);
  }

  /** A probe for TLS is answered without the verifier that would say STARTTLS (RFC 9289, 4.1). */
  @Test
  void tlsIsProbedAndNotOffered() throws Exception {
    var client = from("127.0.0.2");
    client.send(with(AUTH_TLS, client.header(7, 100_003, 4, 0)));
    var reply = client.receiveRaw();
    assertThat(reply.readInt()).isEqualTo(7);
    assertThat(reply.readInt()).isEqualTo(1);
    assertThat(reply.readInt()).as("accepted").isZero();
    assertThat(reply.readLong()).as("an empty verifier").isZero();
    assertThat(reply.readInt()).as("success").isZero();
    assertThat(reply.isReadable()).isFalse();
    names(client); // the connection goes on without TLS
  }

  @ParameterizedTest
  @ValueSource(ints = {AUTH_TLS, RPCSEC_GSS, 3, 390_003, -1})
  void otherFlavorsAreDeniedAndTheConnectionLivesOn(int flavor) throws Exception {
    var client = from("127.0.0.2");
    client.send(with(flavor, client.inSession(putRoot())));
    assertThatThrownBy(client::receive).hasMessage("denied: 1, 1");
    assertThat(names(client)).containsExactly("data", "other");
  }

  /** As a client with sec=krb5 begins: RPCSEC_GSS_INIT on NULL. */
  @Test
  void aSecurityContextIsDenied() throws Exception {
    var client = from("127.0.0.2");
    var record = Unpooled.buffer();
    record.writeBytes(client.header(8, 100_003, 4, 0), 24);
    record.writeInt(RPCSEC_GSS).writeInt(20).writeInt(1).writeInt(1).writeInt(0).writeInt(1);
    record.writeInt(0).writeLong(0);
    record.writeInt(4).writeInt(0xdeadbeef);
    client.send(record);
    assertThatThrownBy(client::receive).hasMessage("denied: 1, 1");
  }

  @ParameterizedTest
  @EnumSource(
      value = OperationCode.class,
      names = {"PUTFH", "GETATTR", "READ", "WRITE", "LOOKUP", "READDIR", "ACCESS", "OPEN"})
  void noOperationIsLetThroughWithoutARule(OperationCode code) throws Exception {
    var client = from("127.0.0.2");
    var root = handle(client, "data");
    allow("data", rule("127.0.0.9", false, Squash.NONE));
    var operation =
        switch (code) {
          case GETATTR -> getAttr(Attribute.TYPE);
          case READ -> TestOps.read(StateId.ANONYMOUS, 0, 1);
          case WRITE -> TestOps.write(StateId.ANONYMOUS, 0, new byte[1]);
          case LOOKUP -> lookup("f");
          case READDIR -> TestOps.readDir(0, 4096);
          case ACCESS -> op(OperationCode.ACCESS, out -> out.writeInt(1));
          case OPEN -> TestOps.open("o", "f", 1, 0, TestOps.UNCHECKED);
          default -> op(OperationCode.READLINK);
        };
    client.call(putFh(root), operation).require(NfsStatus.ACCESS);
  }
}
