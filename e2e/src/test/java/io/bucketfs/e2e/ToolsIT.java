package io.bucketfs.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.Gateway;
import io.bucketfs.e2e.gateway.SampleTree;
import io.bucketfs.e2e.lab.KernelTest;
import io.bucketfs.e2e.lab.MountOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that people run on a file system, none of which knows that it is one of objects. */
@KernelTest
final class ToolsIT {
  private static final int FILES = 300;
  private static final int TRANSACTIONS = 1_000;

  private static DemoLab demo;

  @BeforeAll
  static void open() {
    demo = DemoLab.open(ToolsIT.class);
    SampleTree.write(demo.data("tree"), FILES, 42);
    var tree = demo.data("tree").toString();
    demo.lab().host("tar", "-C", tree, "-cf", demo.data("tree.tar").toString(), ".");
    demo.lab().host("git", "init", "-q", tree);
    demo.lab().host("git", "-C", tree, "add", ".");
    demo.lab()
        .host(
            "git",
            "-C",
            tree,
            "-c",
            "user.name=Tester",
            "-c",
            "user.email=tester@example.com",
            "commit",
            "-qm",
            "All files");
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"4.1", "4.2"})
  void tarUnpacks(String version) {
    var mount = demo.mount(version);
    var folder = "tar-" + version;

    mount.sh("mkdir %s; tar -C %s -xf %s".formatted(folder, folder, demo.inGuest("tree.tar")));
    mount.remount();
    assertThat(mount.sh("tar -C %s -df %s".formatted(folder, demo.inGuest("tree.tar")))).isEmpty();
    mount.detach();
  }

  @ParameterizedTest
  @ValueSource(strings = {"4.1", "4.2"})
  void gitClones(String version) {
    var mount = demo.mount(version);
    var clone = "clone-" + version;

    mount.sh("git clone -q --no-local %s %s".formatted(demo.inGuest("tree"), clone));
    mount.remount();
    assertThat(mount.sh("cd %s; git status --porcelain".formatted(clone))).isEmpty();
    mount.sh(
        "cd %s; git fsck --full; diff -r --no-dereference -x .git -x empty . %s"
            .formatted(clone, demo.inGuest("tree")));
    mount.detach();
  }

  @ParameterizedTest
  @ValueSource(strings = {"4.1", "4.2"})
  void sqliteKeepsItsTransactions(String version) {
    var mount = demo.mount(version);
    var database = "data-" + version + ".sqlite";

    mount.sh(
        """
        {
          echo 'CREATE TABLE entries (id INTEGER PRIMARY KEY, text TEXT);'
          seq %d | sed "s/.*/INSERT INTO entries VALUES (&, 'row &');/"
        } | sqlite3 %s
        """
            .formatted(TRANSACTIONS, database));
    mount.remount();
    assertThat(
            mount.sh(
                "sqlite3 %s 'PRAGMA integrity_check; SELECT count(*), sum(id) FROM entries;'"
                    .formatted(database)))
        .isEqualTo("ok\n%d|%d\n".formatted(TRANSACTIONS, TRANSACTIONS * (TRANSACTIONS + 1) / 2));
    mount.detach();
  }

  @Test
  void severalConnectionsCarryOneMount() {
    var options = MountOptions.of("4.2", Gateway.PORT).withConnections(4);
    var mount = demo.client().mount(options, Gateway.EXPORT);

    mount.sh("mkdir nconnect; tar -C nconnect -xf " + demo.inGuest("tree.tar"));
    assertThat(mount.sh("tar -C nconnect -df " + demo.inGuest("tree.tar"))).isEmpty();
    mount.detach();
  }
}
