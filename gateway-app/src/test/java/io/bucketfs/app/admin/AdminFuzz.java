package io.bucketfs.app.admin;

import io.bucketfs.app.FakeAdministration;
import io.bucketfs.app.FakeCacheSetting;
import io.bucketfs.app.FakeNfs;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Bodies of the admin API: carried out, or refused as the caller's mistake. */
public final class AdminFuzz {
  private static final String[] PATHS = {
    "/v1/mounts", "/v1/mounts/data/settings", "/v1/flush", "/v1/cache"
  };
  private static final int SERVER_ERROR_MIN = 500;

  private AdminFuzz() {}

  /** The first byte chooses what is asked for. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    var core = new FakeAdministration();
    core.reachBuckets();
    var api =
        new AdminApi(
            core,
            new ConfiguredMounts(core, List.of(), null),
            new GatewayInfo("1", Path.of("/state"), "0.0.0.0", 2049),
            new FakeNfs(),
            new FakeCacheSetting());
    post(api, "/v1/mounts", "{\"bucket\": \"data\", \"region\": \"us-east-1\"}");
    var path = PATHS[Math.floorMod(input[0], PATHS.length)];
    var status =
        post(api, path, new String(input, 1, input.length - 1, StandardCharsets.UTF_8)).status();
    if (status >= SERVER_ERROR_MIN) {
      throw new AssertionError("status " + status);
    }
  }

  private static AdminApi.Reply post(AdminApi api, String path, String body) {
    return api.answer(new AdminApi.Request("POST", path, Map.of(), body));
  }
}
