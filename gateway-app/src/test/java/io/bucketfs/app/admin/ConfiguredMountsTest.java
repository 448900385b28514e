package io.bucketfs.app.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.app.FakeAdministration;
import io.bucketfs.app.config.MountSettings;
import io.bucketfs.app.config.Problems;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.mount.Quota;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ConfiguredMountsTest {
  private static final Path FILE = Path.of("/etc/bucketfs.yaml");

  private final FakeAdministration core = new FakeAdministration();

  @Test
  void makesWhatIsMissingAndLeavesWhatIsThere() {
    var mounts = new ConfiguredMounts(core, List.of(request("a", "data", "60s")), FILE);
    assertThat(mounts.apply()).isTrue();
    assertThat(mounts.apply()).isTrue();
    assertThat(core.mounts()).hasSize(1);
  }

  @Test
  void servesTheOthersWhereOneBucketDoesNotAnswer() {
    var mounts =
        new ConfiguredMounts(
            core,
            List.of(
                request("a", FakeAdministration.UNREACHABLE, "60s"), request("b", "data", "60s")),
            FILE);
    assertThat(mounts.apply()).isFalse();
    assertThat(core.mounts()).singleElement().matches(s -> s.mount().name().equals("b"));
    assertThat(mounts.pending())
        .containsExactly(
            new StatusView.PendingMount(
                "a", FILE.toString(), "The bucket does not answer: connection refused."));
    core.reachBuckets();
    assertThat(mounts.apply()).isTrue();
    assertThat(mounts.pending()).isEmpty();
  }

  @Test
  void doesNotTouchAMountWithOtherSettings() {
    new ConfiguredMounts(core, List.of(request("a", "data", "60s")), FILE).apply();
    var mounts = new ConfiguredMounts(core, List.of(request("a", "data", "30s")), FILE);
    assertThat(mounts.apply()).isFalse();
    assertThat(mounts.pending())
        .singleElement()
        .matches(p -> p.reason().startsWith("It exists with other settings"));
  }

  @Test
  void appliesChangedRulesOfAccess() {
    new ConfiguredMounts(core, List.of(request("a", "data", "60s")), FILE).apply();
    var changed = request("a", "data", "60s", "10.0.0.0/8,ro");
    assertThat(new ConfiguredMounts(core, List.of(changed), FILE).apply()).isTrue();
    assertThat(core.mounts().getFirst().mount().access()).isEqualTo(changed.access());
  }

  @Test
  void appliesAChangedQuota() {
    new ConfiguredMounts(core, List.of(request("a", "data", "60s")), FILE).apply();
    var plain = request("a", "data", "60s");
    var limited =
        new MountRequest(
            plain.name(),
            plain.location(),
            plain.prefix(),
            plain.policy(),
            plain.access(),
            new Quota(1 << 20, 7));
    assertThat(new ConfiguredMounts(core, List.of(limited), FILE).apply()).isTrue();
    assertThat(core.mounts().getFirst().mount().quota()).isEqualTo(limited.quota());
    assertThat(new ConfiguredMounts(core, List.of(plain), FILE).apply()).isTrue();
    assertThat(core.mounts().getFirst().mount().quota()).isEqualTo(Quota.NONE);
  }

  @Test
  void namesTheFileOfItsMounts() {
    var mounts = new ConfiguredMounts(core, List.of(request("a", "data", "60s")), FILE);
    assertThat(mounts.fileOf("a")).hasValue(FILE.toString());
    assertThat(mounts.fileOf("b")).isEmpty();
  }

  private static MountRequest request(String name, String bucket, String idle) {
    return request(name, bucket, idle, "any");
  }

  private static MountRequest request(String name, String bucket, String idle, String clients) {
    return MountSettings.read(
            Map.of(
                "name", name,
                "bucket", bucket,
                "region", "us-east-1",
                "writeback-idle", idle,
                "clients", clients),
            key -> key,
            new Problems())
        .orElseThrow();
  }
}
