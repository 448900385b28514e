package io.bucketfs.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.app.FakeAdministration;
import io.bucketfs.app.FakeCacheSetting;
import io.bucketfs.app.FakeNfs;
import io.bucketfs.app.admin.AdminApi;
import io.bucketfs.app.admin.AdminServer;
import io.bucketfs.app.admin.ConfiguredMounts;
import io.bucketfs.app.admin.GatewayInfo;
import io.bucketfs.app.admin.StateFiles;
import io.bucketfs.app.config.MountSettings;
import io.bucketfs.app.config.Problems;
import io.bucketfs.core.check.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands against the real admin API over a core in memory. */
final class CliTest {
  @TempDir Path state;

  private final FakeAdministration core = new FakeAdministration();
  private final FakeCacheSetting cacheSize = new FakeCacheSetting();
  private final FakeNfs nfs = new FakeNfs();
  private AdminServer server;

  @BeforeEach
  void start() throws IOException {
    var request =
        MountSettings.read(
                Map.of("name", "set", "bucket", "set-bucket", "region", "us-east-1"),
                key -> key,
                new Problems())
            .orElseThrow();
    var mounts = new ConfiguredMounts(core, List.of(request), Path.of("/etc/bucketfs.yaml"));
    var info = new GatewayInfo("1.2", state, "0.0.0.0", 12_049);
    var files = new StateFiles(state);
    server =
        AdminServer.start(
            0, new AdminApi(core, mounts, info, nfs, cacheSize), files.createToken(), () -> "");
    files.writeAddress(server.address());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void createsTheBucketFirstWhereItIsToldTo() {
    assertThat(run("mount create --bucket there --region us-east-1").code()).isZero();
    assertThat(core.buckets()).isEmpty();
    var made = run("mount create --bucket fresh --region us-east-1 --create-bucket");
    assertThat(made.out()).contains("Bucket fresh is served at /fresh.");
    assertThat(core.buckets()).containsExactly("fresh");
  }

  @Test
  void createsAMountAndSaysHowToUseIt() {
    var result =
        run("mount", "create", "--bucket", "my-data", "--region", "us-east-1", "--protocol", "nfs");
    assertThat(result.out())
        .isEqualTo(
            """
            Bucket my-data is served at /my-data.
            On a client:
              mount -t nfs4 -o vers=4.2,port=12049 gateway:/my-data /mnt
            """);
    assertThat(result.code()).isZero();
    assertThat(run("mount", "list").out())
        .containsPattern("NAME +BUCKET +MODE +DIRTY +OLDEST +FAILING +CONFLICTS")
        .containsPattern("/my-data +my-data +rw +0 \\(0 B\\) +- +0 +1");
  }

  @Test
  void passesOnEveryOptionOfAMount() throws Exception {
    var result =
        run(
            "mount create --bucket b-1 --region eu-west-1 --protocol nfs --name n --prefix p/q"
                + " --endpoint http://127.0.0.1:9000 --path-style --profile work --read-only"
                + " --writeback-idle 5s --writeback-max-age 7m --uid 3 --gid 4 --file-mode 600"
                + " --directory-mode 700 --client 10.0.0.0/8,squash=all,uid=5 --client fd00::/8,ro"
                + " --json");
    assertThat(result.out())
        .contains(
            "\"name\" : \"n\"",
            "\"bucket\" : \"b-1\"",
            "\"prefix\" : \"p/q/\"",
            "\"region\" : \"eu-west-1\"",
            "\"endpoint\" : \"http://127.0.0.1:9000\"",
            "\"pathStyle\" : true",
            "\"credentials\" : \"profile work\"",
            "\"readOnly\" : true",
            "\"writebackIdle\" : \"5s\"",
            "\"writebackMaxAge\" : \"7m\"",
            "\"uid\" : 3",
            "\"gid\" : 4",
            "\"fileMode\" : \"0600\"",
            "\"directoryMode\" : \"0700\"",
            "\"clients\" : [ \"10.0.0.0/8,rw,squash=all,uid=5\","
                + " \"fd00:0:0:0:0:0:0:0/8,ro,squash=none\" ]");
    assertThat(core.mount("n").mount().prefix()).isEqualTo("p/q/");
  }

  @Test
  void changesTheSizeOfTheCacheAtOnceAndForLaterStarts() {
    assertThat(run("cache").out()).isEqualTo("5 GiB of 20 GiB in use\n");
    var result = run("cache --size 200GiB");
    assertThat(result.code()).isZero();
    assertThat(result.out()).isEqualTo("The local tier may occupy 200 GiB.\n");
    assertThat(core.status().diskBytesMax()).isEqualTo(200L << 30);
    assertThat(cacheSize.kept()).hasValue(200L << 30);
    cacheSize.configure(7L << 30);
    assertThat(run("cache --size 1GiB").out()).contains("which holds again", "next start");
  }

  @Test
  void refusesASizeThatIsNone() {
    for (var wrong : List.of("1", "1023MiB", "much", "-1GiB")) {
      var result = run("cache", "--size", wrong);
      assertThat(result.code()).isEqualTo(ExitCode.INVALID);
      assertThat(result.err()).contains("size must be", "at least 1GiB", "'" + wrong + "'");
    }
    assertThat(core.status().diskBytesMax()).isEqualTo(20L << 30);
  }

  @Test
  void changesTheMemoryBothWaysUpToWhatTheGatewayWasStartedWith() {
    for (var size : List.of("3GiB", "4GiB")) {
      var result = run("cache", "--memory", size);
      assertThat(result.code()).isZero();
      assertThat(result.out())
          .isEqualTo("The gateway may use " + size.replace("G", " G") + " of memory.\n");
    }
    assertThat(cacheSize.memory().bytes()).isEqualTo(4L << 30);
    assertThat(core.status().diskBytesMax()).isEqualTo(20L << 30);
    cacheSize.configureMemory();
    var both = run("cache --size 200GiB --memory 3GiB");
    assertThat(both.out())
        .contains("may occupy 200 GiB", "may use 3 GiB", "a memory of its own", "next start");
    assertThat(cacheSize.kept()).hasValue(200L << 30);
  }

  @Test
  void refusesMoreMemoryThanTheStartHadAndLessThanTheRestNeeds() {
    var more = run("cache --memory 4097MiB --size 200GiB");
    assertThat(more.code()).isEqualTo(ExitCode.INVALID);
    assertThat(more.err()).contains("at most 4GiB", "started", "Restart it with --memory for more");
    var less = run("cache --memory 3071MiB");
    assertThat(less.code()).isEqualTo(ExitCode.INVALID);
    assertThat(less.err()).contains("at least 3GiB", "Restart it with --memory for less");
    assertThat(run("cache --memory much").err()).contains("memory must be", "'much'");
    assertThat(cacheSize.memory().bytes()).isEqualTo(4L << 30);
    assertThat(cacheSize.kept()).isEmpty();
  }

  @Test
  void saysThatTheHostHasLittleLeft() {
    core.limitHost(6L << 30);
    assertThat(run("status").out()).contains("no more than 6 GiB can be used now");
  }

  @Test
  void saysThatAnUnsignedMountIsReadOnly() {
    assertThat(run("mount create --bucket pub --region us-east-1 --anonymous").out())
        .contains("It is read-only, since requests are not signed.");
  }

  @Test
  void namesEveryMistakeAtOnce() {
    var result =
        run("mount create --protocol smb --name a/b --writeback-idle soon --colour blue --gid");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err().lines())
        .contains(
            "Unknown options: '--colour', 'blue'.",
            "--bucket is missing: the name of a bucket.",
            "--region is missing: such as us-east-1.",
            "--protocol accepts only nfs (NFSv4.1 and 4.2), but is 'smb'.",
            "--name must be one path component of at most 255 bytes without slashes, but is"
                + " 'a/b'.",
            "--writeback-idle must be a duration such as 60s, 5m or 2h, at most 1d, but is"
                + " 'soon'.",
            "See bucketfs mount create --help.");
    assertThat(result.err()).contains("--gid");
  }

  @Test
  void saysWhyTheStoreRefused() {
    var result = run("mount create --region us-east-1 --bucket " + FakeAdministration.UNREACHABLE);
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).isEqualTo("The bucket does not answer: connection refused.\n");
  }

  @Test
  void refusesToChangeAMountOfTheFile() {
    var sentence =
        "Mount set is set in /etc/bucketfs.yaml: change it there and start the gateway again.\n";
    var created = run("mount create --name set --bucket other --region us-east-1");
    assertThat(created.code()).isEqualTo(1);
    assertThat(created.err()).isEqualTo(sentence);
    assertThat(run("mount delete set --force").err()).isEqualTo(sentence);
  }

  @Test
  void deletesAMountUnlessItIsDirty() {
    run("mount create --bucket data --region us-east-1");
    core.withDirty("data", "/a", 2048, null);
    var refused = run("mount delete /data");
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.err()).isEqualTo("Mount data has changes not in S3.\n");
    assertThat(run("mount delete data --force").out())
        .isEqualTo("Mount /data is gone; its bucket was not touched.\n");
    assertThat(run("mount show data").code()).isEqualTo(1);
  }

  @Test
  void changesWhoMayUseAMount() {
    run("mount create --bucket data --region us-east-1");
    var sub = "team path=teams/a uid=1 gid=2";
    var set =
        runWords(List.of("mount", "set", "/data", "--client", "10.0.0.0/8", "--sub-export", sub));
    assertThat(set.err()).isEmpty();
    assertThat(set.out())
        .startsWith("Mount /data may now be used by:\n")
        .containsPattern("client +10.0.0.0/8,rw,squash=none")
        .containsPattern("sub-export +" + sub);
    run("mount set data --client any,ro");
    assertThat(run("mount show data").out())
        .containsPattern("client +any,ro,squash=none")
        .containsPattern("sub-export +" + sub);
    assertThat(run("mount set data --sub-export none").out()).doesNotContain("sub-export");
    var nothing = run("mount set data");
    assertThat(nothing.code()).isEqualTo(2);
    assertThat(nothing.err())
        .contains("Say what to change: --client, --sub-export, --quota-bytes, --quota-inodes,");
    assertThat(run("mount set data --client 10.0.0.0/99").err())
        .contains("--client is wrong: '10.0.0.0/99' is no network: write any, an address");
    assertThat(run("mount set set --client any").err()).contains("/etc/bucketfs.yaml");
  }

  @Test
  void setsAQuota() {
    run("mount create --bucket data --region us-east-1 --quota-bytes 10GiB");
    assertThat(run("mount show data").out())
        .containsPattern("used +3 MiB, 4 inodes")
        .containsPattern("quota-bytes +10 GiB")
        .doesNotContain("quota-inodes");
    var set = run("mount set data --quota-bytes none --quota-inodes 1000");
    assertThat(set.err()).isEmpty();
    assertThat(set.out()).containsPattern("quota-inodes +1000").doesNotContain("quota-bytes");
    assertThat(run("mount show data --json").out())
        .contains("\"quotaBytes\" : null", "\"quotaInodes\" : 1000");
    assertThat(run("mount set data --quota-bytes 0").err()).contains("--quota-bytes must be");
  }

  @Test
  void showsAMount() {
    run("mount create --bucket data --region us-east-1");
    assertThat(run("mount show data").out())
        .containsPattern("writeback-idle +1m")
        .containsPattern("set in +command line")
        .contains("mount -t nfs4 -o vers=4.2,port=12049 gateway:/data /mnt");
    assertThat(run("mount show data --json").out()).contains("\"uuid\"");
  }

  @Test
  void saysWhenAndHowFastFilesAreExported() {
    run("mount create --bucket data --region us-east-1 --writeback on-fsync --posix-metadata off");
    assertThat(run("mount show data").out())
        .containsPattern("writeback +on-fsync")
        .containsPattern("bandwidth +none")
        .containsPattern("posix-metadata +off");
    var set = run("mount set data --writeback on-close --writeback-bandwidth 10MiB");
    assertThat(set.err()).isEmpty();
    assertThat(set.out())
        .containsPattern("writeback +on-close")
        .containsPattern("bandwidth +10 MiB/s");
    assertThat(run("mount show data --json").out())
        .contains("\"writeback\" : \"on-close\"", "\"writebackBandwidth\" : \"10 MiB\"")
        .contains("\"posixMetadata\" : \"off\"");
    assertThat(run("mount set data --writeback-bandwidth 1kB").err())
        .contains("--writeback-bandwidth must be");
  }

  @Test
  void probesAStoreAgain() {
    run("mount create --bucket data --region us-east-1");
    core.probedBefore("data");
    assertThat(run("mount show data").out()).contains("bucketfs mount probe data");
    assertThat(run("mount probe /data").out())
        .containsPattern("DeleteObjects +conditions are honoured");
    assertThat(run("mount show data").out()).doesNotContain("mount probe");
    assertThat(run("mount probe none").code()).isEqualTo(1);
  }

  @Test
  void flushesAMountOrAPath() {
    run("mount create --bucket data --region us-east-1");
    core.withDirty("data", "/a/b", 1, null).withDirty("data", "/c", 1, null);
    assertThat(run("flush data").out()).isEqualTo("2 files are on their way to S3.\n");
    assertThat(run("flush /data/a --wait").out()).isEqualTo("1 files are in S3.\n");
    core.withDirty("data", "/a/c", 1, "AccessDenied: allow s3:PutObject");
    var failed = run("flush data/a --wait");
    assertThat(failed.code()).isEqualTo(1);
    assertThat(failed.out()).isEqualTo("1 files are in S3.\n");
    assertThat(failed.err()).contains("1 files cannot be written back:", "s3:PutObject");
    assertThat(run("flush none").code()).isEqualTo(1);
  }

  @Test
  void looksForWhatOthersChanged() {
    run("mount create --bucket data --region us-east-1 --refresh 0s --refresh-mode strict");
    assertThat(run("mount show data").out())
        .containsPattern("refresh +0s, strict")
        .containsPattern("import-changes +new,changed,deleted");
    assertThat(run("refresh data").out()).isEqualTo("3 new, 2 changed, 1 deleted.\n");
    assertThat(run("refresh data/a -r").out()).isEqualTo("4 new, 2 changed, 1 deleted.\n");
    assertThat(run("refresh data --json").out()).contains("\"created\" : 3");
    assertThat(run("refresh data/missing").code()).isEqualTo(1);
    assertThat(run("refresh none").code()).isEqualTo(1);
  }

  @Test
  void showsTheStatus() {
    run("mount create --bucket data --region us-east-1");
    assertThat(run("status").out())
        .contains(
            "bucketfs 1.2, up for 1m 0s, NFS on 0.0.0.0 port 12049",
            "5 GiB of 20 GiB in use",
            "/data");
    assertThat(run("status --json").out()).contains("\"diskBytes\" : 5368709120");
  }

  @Test
  void showsWhoIsAwaitedAfterALossOfPower() {
    assertThat(run("status").out())
        .contains("2 clients, 10 files open, 8 ranges locked")
        .doesNotContain("Grace");
    nfs.await("Linux NFSv4.2 alpha", "other\u001b[31m");
    assertThat(run("status").out())
        .contains("Grace period after a loss of power, for 42s at most")
        .contains("Awaited: Linux NFSv4.2 alpha, other?[31m");
    assertThat(run("status --json").out()).contains("\"remainingSeconds\" : 42");
  }

  @Test
  void listsTheClients() {
    assertThat(run("clients").out())
        .containsPattern("ID +ADDRESS +LEASE AGE +SESSIONS +OPENS +LOCKS +NAME")
        .containsPattern("10.0.0.1 +7s +1 +5 +4 +Linux NFSv4.2 alpha")
        .containsPattern("10.0.0.2 +2m 3s, expired +1 +5 +4 +Linux NFSv4.2 beta");
    assertThat(run("clients --json").out()).contains("\"leaseAgeSeconds\" : 123");
  }

  @Test
  void takesEverythingFromAClientOnceThatIsConfirmed() {
    var asked = run("clients revoke 1");
    assertThat(asked.code()).isEqualTo(1);
    assertThat(asked.err())
        .contains(
            "Nothing was taken yet. Say --yes to take away: 5 open files and 4 locked ranges of"
                + " Linux NFSv4.2 alpha at 10.0.0.1.");
    assertThat(nfs.revoked()).isEmpty();
    var done = run("clients revoke 1 --yes");
    assertThat(done.code()).isZero();
    assertThat(done.out()).contains("Taken away: 5 open files and 4 locked ranges");
    assertThat(nfs.revoked()).containsExactly(1L);
    for (var wrong : List.of("clients revoke 7", "clients revoke 7 --yes")) {
      assertThat(run(wrong).code()).isEqualTo(1);
      assertThat(run(wrong).err()).contains("There is no client 7: bucketfs clients lists them.");
    }
    assertThat(run("clients revoke").code()).isEqualTo(2);
  }

  @Test
  void setsWhatBecomesOfConflicts() {
    run("mount create --bucket data --region us-east-1 --conflict keep-both");
    assertThat(run("mount show data").out())
        .containsPattern("conflict +keep-both")
        .containsPattern("lost\\+found +ttl none, size none");
    var set = run("mount set data --conflict local-wins --lost-found-ttl 30d");
    assertThat(set.err()).isEmpty();
    assertThat(set.out()).containsPattern("conflict +local-wins").contains("ttl 30d, size none");
    assertThat(run("mount show data --json").out()).contains("\"conflict\" : \"local-wins\"");
    assertThat(run("mount set data --conflict mine").err()).contains("--conflict must be");
  }

  @Test
  void warnsOfAnotherGateway() {
    run("mount create --bucket data --region us-east-1");
    for (var command : List.of("mount show data", "mount list", "status")) {
      assertThat(run(command).out()).doesNotContain("another gateway");
    }
    core.meetOther("00aa");
    for (var command : List.of("mount show data", "mount list", "status")) {
      assertThat(run(command).out()).contains("another gateway (00aa) writes to the bucket of");
    }
    assertThat(run("status --json").out()).contains("\"otherGateway\" : \"00aa\"");
  }

  @Test
  void listsJobs() {
    run("mount create --bucket data --region us-east-1");
    assertThat(run("jobs").out())
        .containsPattern("rename +running +250/1000 +1 KiB/4 KiB +/data/a -> /b")
        .containsPattern("remove +failing +8/9 +80 B/90 B +/data/c +access denied");
    assertThat(run("jobs data --json").out())
        .contains("\"objectsDone\" : 250", "\"state\" : \"failing\"");
    assertThat(run("jobs none").code()).isEqualTo(1);
  }

  @Test
  void reports() {
    run("mount create --bucket data --region us-east-1");
    core.withDirty("data", "/a\u001b[31m", 2048, null).withDirty("data", "/b", 1, "AccessDenied");
    assertThat(run("report dirty").out())
        .containsPattern("1m 0s +put +2 KiB +/data/a\\?\\[31m")
        .contains("/data/b");
    assertThat(run("report failing data").out()).contains("AccessDenied").doesNotContain("/data/a");
    assertThat(run("report conflicts").out()).contains("/.bucketfs-lost+found/a");
    assertThat(run("report unmapped").out()).contains("a//b");
    assertThat(run("report dirty --max 1 --json").out()).contains("/a").doesNotContain("/b");
    assertThat(run("report dirty none").code()).isEqualTo(1);
    var wrong = run("report colours --max 0");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("There is no report named 'colours'", "--max must be");
    assertThat(run("report").err()).contains("KIND");
  }

  @Test
  void checksTheLocalState() {
    run("mount create --bucket data --region us-east-1");
    var fine = run("check");
    assertThat(fine.code()).isZero();
    assertThat(fine.out())
        .isEqualTo(
            """
            Checked 6 inodes, 5 names, 4 extents, 3 records of data (2 KiB).
            Nothing is wrong.
            """);
    assertThat(run("check data --index-only").out()).contains("0 records of data (0 B)");
    assertThat(run("check none").code()).isEqualTo(1);
    core.damage(new Finding(Finding.Kind.DAMAGED_DATA, "data", "content 7 at 0", "block 0"));
    core.damage(new Finding(Finding.Kind.STRAY_FILE, "", "file core", "is no extent file"));
    core.damage(new Finding(Finding.Kind.NAME, "data", "name 'a'", "leads to nothing"));
    var wrong = run("check");
    assertThat(wrong.code()).isEqualTo(1);
    assertThat(wrong.out())
        .contains("3 things are wrong:", "1 more are not listed.")
        .containsPattern("DAMAGED_DATA +/data +content 7 at 0 +block 0")
        .containsPattern("STRAY_FILE +- +file core");
    var json = run("check --json");
    assertThat(json.code()).isEqualTo(1);
    assertThat(json.out()).contains("\"found\" : 3", "\"kind\" : \"DAMAGED_DATA\"");
  }

  @Test
  void saysHowToStartAGatewayThatDoesNotRun() {
    var sentence =
        "No gateway runs on the state directory /nowhere: start one with bucketfs serve --state"
            + " /nowhere, or name another directory with --state.\n";
    var never = run("status --state /nowhere");
    assertThat(never.code()).isEqualTo(3);
    assertThat(never.err()).isEqualTo(sentence);
    server.close();
    assertThat(run("status").code()).isEqualTo(3);
  }

  @Test
  void saysWhichVersionItIs() {
    assertThat(run("version").out()).startsWith("bucketfs 0.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "demo",
        "serve",
        "mount",
        "mount create",
        "mount list",
        "mount set",
        "mount show",
        "mount delete",
        "flush",
        "refresh",
        "jobs",
        "status",
        "warm",
        "evict",
        "pin",
        "unpin",
        "import",
        "clients",
        "clients revoke",
        "report",
        "check",
        "version"
      })
  void helpHasAnExampleAndTheExitCodes(String command) {
    var result = run((command + " --help").strip());
    assertThat(result.code()).isZero();
    assertThat(result.out())
        .contains("Example", "  bucketfs " + command, "Exit codes:", "  3   no gateway runs");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "mount", "clients"})
  void helpSaysOfEachCommandInAWholeSentenceWhatItDoes(String command) {
    var help = run((command + " --help").strip()).out();
    var commands = help.substring(help.indexOf("Commands:\n"), help.indexOf("\n\nExit codes:"));
    // A line that begins further to the right goes on with the one before.
    assertThat(commands.replaceAll("\n {4,}", " ").lines().skip(1))
        .isNotEmpty()
        .allSatisfy(line -> assertThat(line).endsWith("."));
  }

  @Test
  void fetchesDropsAndKeepsLocalCopies() throws Exception {
    var warm = run("warm data/a data/b");
    assertThat(warm.out()).isEqualTo("2 files are here; 2 KiB of them were fetched.\n");
    assertThat(warm.err()).contains("1 of 2 files, 1 KiB of 2 KiB\n");
    assertThat(run("warm -q data/a").err()).isEmpty();
    assertThat(run("evict data").out())
        .isEqualTo("1 KiB were dropped; 1 files are not all in S3 yet; 2 files are pinned.\n");
    assertThat(run("pin data/m").out())
        .isEqualTo("1 files with 1 KiB are pinned; 1 KiB were fetched.\n");
    assertThat(run("pin data/n --no-fetch").code()).isZero();
    assertThat(run("pin").out())
        .containsPattern("/data/m +2 KiB +2026-01-02T03:04:05Z")
        .contains("Pins may hold 4 KiB.");
    assertThat(run("pin data/damaged --no-fetch").code()).isZero();
    assertThat(run("pin").out()).containsPattern("/data/damaged +unknown +unknown");
    assertThat(run("unpin data/m").out()).isEqualTo("1 pins are gone.\n");
    assertThat(run("import data/in --from " + state).out())
        .isEqualTo("1 files were copied, with 1 KiB.\n");
    assertThat(core.keep().orders())
        .containsExactly(
            "warm data a",
            "warm data b",
            "warm data a",
            "evict data ",
            "pin data m",
            "warm data m",
            "pin data n",
            "pin data damaged",
            "unpin data m",
            "import " + state + " data in");
  }

  @Test
  void saysWhatWasNotFetchedAndWhy() throws Exception {
    var missing = run("warm data/a data/missing");
    assertThat(missing.code()).isEqualTo(1);
    assertThat(missing.err()).contains("/data/missing: is not there\n");
    var large = run("warm large");
    assertThat(large.code()).isEqualTo(1);
    assertThat(large.err()).isEqualTo("it does not fit; name less\n");
    assertThat(run("warm").err()).contains("--from-file LIST");
    assertThat(run("warm data/a --json").out()).contains("\"files\" : 1");
  }

  @Test
  void fetchesWhatAFileLists() throws Exception {
    var list = state.resolve("list");
    var lines = new ArrayList<String>();
    for (var i = 0; i < 2_000; i++) {
      lines.add("data/some/longer/path/of/file " + i);
    }
    Files.write(list, lines);
    assertThat(run("warm", "-q", "--from-file", list.toString()).out())
        .startsWith("2,000 files are here");
    assertThat(core.keep().orders()).hasSize(2_000);
  }

  @Test
  void explainsItselfWhereNothingIsSaid() {
    assertThat(run(new String[0]).code()).isEqualTo(2);
    assertThat(run(new String[0]).err()).contains("Usage: bucketfs");
    assertThat(run("mount").err()).contains("create, list, show, set, probe or delete");
    var unknown = run("fly");
    assertThat(unknown.code()).isEqualTo(2);
    assertThat(unknown.err()).contains("'fly'");
  }

  private TestCli.Result run(String... arguments) {
    List<String> all = new ArrayList<>();
    for (var argument : arguments) {
      all.addAll(List.of(argument.split(" ", -1)));
    }
    return runWords(all);
  }

  private TestCli.Result runWords(List<String> words) {
    return new TestCli(Map.of("BUCKETFS_STATE", state.toString())).run(words);
  }
}
