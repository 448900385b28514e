package io.bucketfs.app.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.access.ClientRule;
import io.bucketfs.core.access.Network;
import io.bucketfs.core.access.Squash;
import io.bucketfs.core.access.SubExport;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.mount.ConflictPolicy;
import io.bucketfs.core.mount.ConflictPolicy.Winner;
import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.ImportRules.Rule;
import io.bucketfs.core.mount.ImportRules.Trigger;
import io.bucketfs.core.mount.Mount.Policy;
import io.bucketfs.core.mount.ObjectPolicy;
import io.bucketfs.core.mount.Quota;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.mount.RefreshPolicy.Imported;
import io.bucketfs.core.mount.Retention;
import io.bucketfs.core.object.Encryption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class MountSettingsTest {
  private static final Map<String, String> LEAST =
      Map.of("bucket", "my-data", "region", "us-east-1");

  /** A value for each key that is not its default. */
  private static final Map<String, String> SAMPLES =
      Map.ofEntries(
          Map.entry("name", "papers"),
          Map.entry("bucket", "other-data"),
          Map.entry("prefix", "a/b/"),
          Map.entry("region", "eu-west-1"),
          Map.entry("endpoint", "https://s3.example.com"),
          Map.entry("path-style", "true"),
          Map.entry("profile", "work"),
          Map.entry("credentials-file", "/etc/keys"),
          Map.entry("credentials-env", "OURS"),
          Map.entry("anonymous", "true"),
          Map.entry("read-only", "true"),
          Map.entry("writeback-idle", "10s"),
          Map.entry("writeback", "on-close"),
          Map.entry("writeback-max-age", "10m"),
          Map.entry("writeback-bandwidth", "10MiB"),
          Map.entry("posix-metadata", "off"),
          Map.entry("refresh", "5s"),
          Map.entry("refresh-mode", "strict"),
          Map.entry("import-changes", "new,changed"),
          Map.entry("storage-class", "STANDARD_IA"),
          Map.entry("encryption", "kms"),
          Map.entry("kms-key", "alias/ours"),
          Map.entry("content-type", "none"),
          Map.entry("multipart-threshold", "64MiB"),
          Map.entry("conflict", "keep-both"),
          Map.entry("lost-found-ttl", "30d"),
          Map.entry("lost-found-size", "2GiB"),
          Map.entry("import-rules", "/ on-file-access\n/hot data/ on-directory-first-access 1MiB"),
          Map.entry("expiry-days", "7"),
          Map.entry("uid", "1000"),
          Map.entry("gid", "100"),
          Map.entry("file-mode", "0600"),
          Map.entry("directory-mode", "700"),
          Map.entry("quota-bytes", "10GiB"),
          Map.entry("quota-inodes", "5000"),
          Map.entry("clients", "10.0.0.0/8,squash=root\nany,ro"),
          Map.entry("sub-exports", "team path=teams/a"));

  @Test
  void needsNoMoreThanBucketAndRegion() {
    assertThat(accepted(LEAST))
        .isEqualTo(
            new MountRequest(
                "my-data",
                new BucketLocation(
                    "my-data", "us-east-1", null, false, new Credentials.DefaultChain()),
                "",
                Policy.DEFAULT));
  }

  @ParameterizedTest
  @EnumSource(value = MountKey.class, mode = EnumSource.Mode.EXCLUDE, names = "PROTOCOL")
  void readsEachKey(MountKey key) {
    var sample = SAMPLES.get(key.yaml());
    assertThat(sample).isNotNull();
    var settings = with(key.yaml(), sample);
    if (key == MountKey.KMS_KEY) {
      settings.put("encryption", "kms");
    }
    assertThat(accepted(settings)).isNotEqualTo(accepted(LEAST));
  }

  @Test
  void readsAllKeysIntoTheirPlaces() {
    var all = new HashMap<>(SAMPLES);
    all.remove("anonymous");
    all.remove("credentials-env");
    all.put("protocol", "nfs");
    assertThat(accepted(all))
        .isEqualTo(
            new MountRequest(
                "papers",
                new BucketLocation(
                    "other-data",
                    "eu-west-1",
                    "https://s3.example.com",
                    true,
                    new Credentials.InFile("/etc/keys", "work")),
                "a/b/",
                new Policy(
                    true,
                    Duration.ofSeconds(10),
                    Duration.ofMinutes(10),
                    1000,
                    100,
                    0600,
                    0700,
                    new RefreshPolicy(Duration.ofSeconds(5), true, new Imported(true, true, false)),
                    new ObjectPolicy(
                        "STANDARD_IA", new Encryption.Kms("alias/ours"), "none", 64 << 20),
                    new ConflictPolicy(Winner.KEEP_BOTH, Duration.ofDays(30), 2L << 30),
                    new ImportRules(
                        List.of(
                            new Rule("", Trigger.ON_FILE_ACCESS, 0),
                            new Rule("hot data/", Trigger.ON_DIRECTORY_FIRST_ACCESS, 1 << 20))),
                    new Retention(7),
                    new ExportPolicy(ExportPolicy.Trigger.ON_CLOSE, 10 << 20),
                    false),
                new Access(
                    List.of(
                        new ClientRule(
                            Network.parse("10.0.0.0/8"),
                            false,
                            new Squash(Squash.Kind.ROOT, 65_534, 65_534)),
                        new ClientRule(Network.ANY, true, Squash.NONE)),
                    List.of(new SubExport(0, "team", "teams/a", false, null, List.of())),
                    0),
                new Quota(10L << 30, 5_000)));
  }

  @Test
  void canLeaveChangesOfOthersAlone() {
    var off = accepted(with("refresh", "off")).policy().refresh();
    assertThat(off).isEqualTo(new RefreshPolicy(null, false, Imported.ALL));
    var none = accepted(with("import-changes", "none")).policy().refresh().imported();
    assertThat(none).isEqualTo(new Imported(false, false, false));
    assertThat(accepted(with("refresh", "0s")).policy().refresh().interval())
        .isEqualTo(Duration.ZERO);
    assertThat(accepted(with("import-changes", "deleted, new")).policy().refresh().imported())
        .isEqualTo(new Imported(true, false, true));
  }

  @Test
  void isNamedAfterTheLastPartOfThePrefix() {
    assertThat(accepted(with("prefix", "logs/2026")).name()).isEqualTo("2026");
  }

  @Test
  void isReadOnlyWhereNothingIsSigned() {
    assertThat(accepted(with("anonymous", "true")).policy().readOnly()).isTrue();
  }

  @Test
  void letsAFileGrowAsOldAsItMustBeIdle() {
    assertThat(accepted(with("writeback-idle", "1h")).policy().writebackMaxAge())
        .isEqualTo(Duration.ofHours(1));
  }

  @ParameterizedTest
  @CsvSource({
    "protocol, smb, '--protocol accepts only nfs (NFSv4.1 and 4.2), but is ''smb''.'",
    "bucket, '', '--bucket is missing: the name of a bucket.'",
    "region, us east, '--region must be a region such as us-east-1, but is ''us east''.'",
    "refresh, soon, '--refresh must be a duration such as 60s, 5m or 2h, at most 1d, but is"
        + " ''soon''.'",
    "conflict, mine, '--conflict must be s3-wins, keep-both or local-wins, but is" + " ''mine''.'",
    "lost-found-ttl, 1s, '--lost-found-ttl must be a duration such as 60s, 5m or 2h, from 1h to"
        + " 3650d, or none, but is ''1s''.'",
    "lost-found-size, big, '--lost-found-size must be a size such as 512MiB or 10GiB, or none,"
        + " but is ''big''.'",
    "refresh-mode, fast, '--refresh-mode must be stale-while-revalidate or strict, but is"
        + " ''fast''.'",
    "import-changes, 'new,old', '--import-changes must be some of new, changed and deleted,"
        + " divided by commas, or none, but is ''new,old''.'",
    "uid, -1, '--uid must be a number from 0 to 2147483647, but is ''-1''.'",
    "read-only, yes, '--read-only must be true or false, but is ''yes''.'",
    "file-mode, 999, '--file-mode must be permission bits in octal such as 0644, but is ''999''.'",
    "sparkle, 1, 'Unknown setting --sparkle.'",
  })
  void saysWhatIsWrong(String key, String text, String sentence) {
    assertThat(problems(with(key, text))).containsExactly(sentence);
  }

  @ParameterizedTest
  @CsvSource({
    "bucket, A",
    "bucket, a_b",
    "bucket, ab",
    "bucket, -ab",
    "name, a/b",
    "name, .",
    "name, ..",
    "name, ''",
    "prefix, /a",
    "prefix, a//b",
    "prefix, a/../b",
    "endpoint, s3.example.com",
    "endpoint, ftp://a",
    "endpoint, https://a?b",
    "endpoint, https://u:p@a",
    "endpoint, 'http://'",
    "writeback-idle, 60",
    "writeback-idle, 2d",
    "writeback-max-age, 59s",
    "writeback, on-open",
    "writeback-bandwidth, 65535B",
    "writeback-bandwidth, fast",
    "posix-metadata, true",
    "profile, ' '",
    "uid, x",
    "gid, 2147483648",
    "directory-mode, 0888"
  })
  void refuses(String key, String text) {
    assertThat(problems(with(key, text))).hasSize(1);
  }

  @Test
  void refusesANameThatIsTooLong() {
    assertThat(accepted(with("name", "n".repeat(255))).name()).hasSize(255);
    assertThat(problems(with("name", "n".repeat(256)))).hasSize(1);
    assertThat(problems(with("name", "ü".repeat(128)))).hasSize(1);
  }

  @Test
  void isLessStrictAboutBucketsOfOtherStores() {
    var settings = with("endpoint", "http://127.0.0.1:9000");
    settings.put("bucket", "Old_Bucket");
    assertThat(accepted(settings).location().bucket()).isEqualTo("Old_Bucket");
  }

  @Test
  void refusesTwoKindsOfCredentials() {
    var settings = with("anonymous", "true");
    settings.put("profile", "work");
    assertThat(problems(settings))
        .containsExactly("Only one of --profile and --anonymous may be given.");
  }

  @Test
  void refusesToWriteUnsigned() {
    var settings = with("anonymous", "true");
    settings.put("read-only", "false");
    assertThat(problems(settings))
        .containsExactly("--read-only cannot be false together with --anonymous.");
  }

  @ParameterizedTest
  @CsvSource({
    "clients, 10.0.0.1/8, '--client is wrong: ''10.0.0.1/8'' has bits beyond its prefix: write 10.0.0.0/8.'",
    "clients, 'any,maybe', '--client is wrong: ''maybe'' is unknown in a rule: write a network and, after commas, ro or rw, squash=none, squash=root or squash=all, uid=N, gid=N.'",
    "clients, 'any,squash=some', '--client is wrong: squash is none, root or all, not ''some''.'",
    "clients, 'any,uid=-1', '--client is wrong: ''uid=-1'' needs a number from 0 to 2147483647 after the equals sign.'",
    "clients, '', 'A mount needs a rule for clients: ''any'' lets everybody in.'",
    "sub-exports, team, '--sub-export is wrong: a sub-export needs a name and a path, such as ''team-a path=teams/a'', but is ''team''.'",
    "sub-exports, team path=a uid=1, '--sub-export is wrong: sub-export team needs both of uid=N and gid=N, or none.'",
    "sub-exports, team path=../a, 'The path of sub-export team must lead to a directory inside the mount, such as teams/a, but is ''../a''.'",
    "sub-exports, a/b path=c, '--sub-export needs names of one path component of at most 255 bytes, but has ''a/b''.'",
    "sub-exports, 't path=\"a b', '--sub-export is wrong: a double quote is not closed in ''t path=\"a b''.'",
    "sub-exports, t path=a rw, '--sub-export is wrong: ''rw'' is unknown in a sub-export: write its name, path=PATH, and if wanted ro, uid=N gid=N, client=RULE.'",
  })
  void saysWhatIsWrongWithRules(String key, String text, String sentence) {
    assertThat(problems(with(key, text))).containsExactly(sentence);
  }

  @Test
  void writesRulesAsTheyAreRead() {
    var clients = "10.0.0.0/8,rw,squash=root\nfd00:0:0:0:0:0:0:0/8,ro,squash=all,uid=7,gid=8";
    var subExports =
        "team path=teams/a\n"
            + "\"two words\" path=\"a b/c\" ro uid=1 gid=2 client=10.1.0.0/16,ro,squash=none";
    var settings = with("clients", clients);
    settings.put("sub-exports", subExports);
    var access = accepted(settings).access();
    assertThat(String.join("\n", AccessText.ofClients(access))).isEqualTo(clients);
    assertThat(String.join("\n", AccessText.ofSubExports(access))).isEqualTo(subExports);
    assertThat(access.subExports().getLast().path()).isEqualTo("a b/c");
  }

  @Test
  void changesOnlyWhatIsGivenAndOnlyRules() {
    var present =
        new MountSettings.Changeable(
            accepted(with("sub-exports", "team path=teams/a")).access(),
            new Quota(5, 6),
            ObjectPolicy.DEFAULT,
            new ConflictPolicy(Winner.LOCAL_WINS, Duration.ofDays(1), 7),
            ImportRules.ON_FILE_ACCESS,
            new Retention(9),
            new ExportPolicy(ExportPolicy.Trigger.ON_FSYNC, 5 << 20));
    var problems = new Problems();
    var changed = changed(Map.of("clients", "any,ro"), present, problems).orElseThrow();
    assertThat(changed.access().subExports()).isEqualTo(present.access().subExports());
    assertThat(changed.access().clients().getFirst().readOnly()).isTrue();
    assertThat(changed.quota()).isEqualTo(present.quota());
    var none = changed(Map.of("sub-exports", "none"), present, problems).orElseThrow();
    assertThat(none.access().subExports()).isEmpty();
    var quota = Map.of("quota-bytes", "1TiB", "quota-inodes", "none");
    assertThat(changed(quota, present, problems).orElseThrow())
        .isEqualTo(
            new MountSettings.Changeable(
                present.access(),
                new Quota(1L << 40, Long.MAX_VALUE),
                present.objects(),
                present.conflicts(),
                present.imports(),
                present.retention(),
                present.exports()));
    var fast = changed(Map.of("writeback-bandwidth", "none"), present, problems).orElseThrow();
    assertThat(fast.exports())
        .isEqualTo(new ExportPolicy(ExportPolicy.Trigger.ON_FSYNC, ExportPolicy.NO_LIMIT));
    assertThat(changed(Map.of("writeback", "on-idle"), fast, problems).orElseThrow().exports())
        .isEqualTo(ExportPolicy.DEFAULT);
    var kms = Map.of("encryption", "kms", "kms-key", "alias/ours", "storage-class", "STANDARD_IA");
    var encrypted = changed(kms, present, problems).orElseThrow();
    assertThat(encrypted.objects())
        .isEqualTo(new ObjectPolicy("STANDARD_IA", new Encryption.Kms("alias/ours"), "guess", 0));
    assertThat(changed(Map.of("kms-key", "other"), encrypted, problems).orElseThrow().objects())
        .isEqualTo(new ObjectPolicy("STANDARD_IA", new Encryption.Kms("other"), "guess", 0));
    assertThat(
            changed(Map.of("encryption", "s3", "storage-class", "STANDARD"), encrypted, problems)
                .orElseThrow()
                .objects())
        .isEqualTo(new ObjectPolicy(null, new Encryption.OfStore(), "guess", 0));
    var conflict = Map.of("conflict", "keep-both", "lost-found-ttl", "none");
    assertThat(changed(conflict, present, problems).orElseThrow().conflicts())
        .isEqualTo(new ConflictPolicy(Winner.KEEP_BOTH, null, 7));
    var expiry = Map.of("expiry-days", "365", "import-rules", "/ on-file-access");
    assertThat(changed(expiry, present, problems).orElseThrow().retention())
        .isEqualTo(new Retention(365));
    assertThat(changed(Map.of("bucket", "b"), present, problems)).isEmpty();
    assertThat(problems.sentences())
        .containsExactly("bucket cannot be changed: delete the mount and create it again.");
  }

  private static Optional<MountSettings.Changeable> changed(
      Map<String, String> given, MountSettings.Changeable present, Problems problems) {
    return MountSettings.readChange(given, present, key -> key, problems);
  }

  @Test
  void objectsAreWrittenAsIsSaid() {
    var settings = with("multipart-threshold", "64MiB");
    settings.put("content-type", "text/plain; charset=utf-8");
    settings.put("storage-class", "GLACIER_IR");
    settings.put("encryption", "s3");
    assertThat(accepted(settings).policy().objects())
        .isEqualTo(
            new ObjectPolicy(
                "GLACIER_IR", new Encryption.OfStore(), "text/plain; charset=utf-8", 64 << 20));
    assertThat(accepted(with("storage-class", "STANDARD")).policy().objects())
        .isEqualTo(ObjectPolicy.DEFAULT);
  }

  @Test
  void importRulesAreReadAsTheyAreWritten() {
    var text = "/ on-directory-first-access 128KiB\n/a b/c on-file-access";
    var rules = accepted(with("import-rules", text)).policy().imports();
    assertThat(String.join("\n", ImportText.of(rules))).isEqualTo(text);
    assertThat(accepted(LEAST).policy().imports()).isEqualTo(ImportRules.DEFAULT);
    assertThat(ImportText.of(ImportRules.DEFAULT))
        .containsExactly("/ on-directory-first-access 128KiB");
  }

  @ParameterizedTest
  @CsvSource({
    "storage-class, cold, '--storage-class must be a storage class such as STANDARD_IA, but is ''cold''.'",
    "encryption, aes, '--encryption must be default, s3 or kms, but is ''aes''.'",
    "kms-key, k, '--kms-key goes only with encryption kms.'",
    "content-type, text, '--content-type must be guess, none, or a type such as text/plain, but is ''text''.'",
    "multipart-threshold, 5242879B, '--multipart-threshold must be a size from 5MiB to 5GiB, or default, but is ''5242879B''.'",
    "multipart-threshold, 6GiB, '--multipart-threshold must be a size from 5MiB to 5GiB, or default, but is ''6GiB''.'",
    "credentials-file, keys, '--credentials-file must be an absolute path, but is ''keys''.'",
    "credentials-env, A-B, '--credentials-env must be what the names of variables begin with, such as ARCHIVE for ARCHIVE_ACCESS_KEY_ID, but is ''A-B''.'",
  })
  void saysWhatIsWrongWithObjectsAndCredentials(String key, String text, String sentence) {
    assertThat(problems(with(key, text))).containsExactly(sentence);
  }

  @Test
  void credentialsComeFromOnePlace() {
    var file = with("credentials-file", "/etc/keys");
    assertThat(accepted(file).location().credentials())
        .isEqualTo(new Credentials.InFile("/etc/keys", "default"));
    file.put("profile", "ours");
    assertThat(accepted(file).location().credentials())
        .isEqualTo(new Credentials.InFile("/etc/keys", "ours"));
    file.put("credentials-env", "OURS");
    assertThat(problems(file))
        .containsExactly(
            "Only one of --credentials-env and --profile may be given.",
            "Only one of --credentials-env and --credentials-file may be given.");
    assertThat(accepted(with("credentials-env", "OURS")).location().credentials())
        .isEqualTo(new Credentials.InEnvironment("OURS"));
  }

  @ParameterizedTest
  @CsvSource({
    "import-rules, /a on-file-access, one import rule must be for /",
    "import-rules, a on-file-access, is neither",
    "import-rules, / on-directory-first-access, is neither",
    "import-rules, / on-directory-first-access much, 'is not a size'",
    "import-rules, / on-directory-first-access 1GiB, 'from 0 to 8 MiB'",
    "expiry-days, 0, '--expiry-days must be a number of days from 1 to 365'",
    "expiry-days, 366, '--expiry-days must be a number of days from 1 to 365'",
  })
  void saysWhatIsWrongWithWhatComesAndStays(String key, String text, String sentence) {
    assertThat(problems(with(key, text))).singleElement().asString().contains(sentence);
  }

  @Test
  void aQuotaIsAPositiveNumberOrNone() {
    for (var wrong : List.of("0", "-1", "many", "1.5GiB", "")) {
      assertThat(problems(with("quota-bytes", wrong)))
          .containsExactly(
              "--quota-bytes must be a size such as 512MiB or 10GiB, or none, but is '"
                  + wrong
                  + "'.");
    }
    assertThat(problems(with("quota-inodes", "1k")))
        .containsExactly("--quota-inodes must be a number of inodes, or none, but is '1k'.");
    assertThat(accepted(with("quota-bytes", "none")).quota()).isEqualTo(Quota.NONE);
  }

  private static Map<String, String> with(String key, String text) {
    var settings = new HashMap<>(LEAST);
    settings.put(key, text);
    return settings;
  }

  private static MountRequest accepted(Map<String, String> settings) {
    var problems = new Problems();
    var request = MountSettings.read(settings, MountKey::optionOf, problems);
    assertThat(problems.sentences()).isEmpty();
    return request.orElseThrow();
  }

  private static List<String> problems(Map<String, String> settings) {
    var problems = new Problems();
    assertThat(MountSettings.read(settings, MountKey::optionOf, problems)).isEmpty();
    return problems.sentences();
  }
}
