package io.bucketfs.app.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.app.FakeAdministration;
import io.bucketfs.app.FakeCacheSetting;
import io.bucketfs.app.FakeNfs;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AdminServerTest {
  private static final String TOKEN = "let-me-in";
  private static final String MOUNT = "{\"bucket\": \"data\", \"region\": \"us-east-1\"}";

  private final FakeAdministration core = new FakeAdministration();
  private final HttpClient client = HttpClient.newHttpClient();
  private final FakeNfs nfs = new FakeNfs();
  private AdminServer server;

  @BeforeEach
  void start() throws IOException {
    server = start(0);
  }

  @AfterEach
  void stop() {
    server.close();
    client.close();
  }

  @Test
  void listensOnLoopbackOnly() {
    assertThat(server.address()).startsWith("127.0.0.1:");
  }

  @Test
  void givesMetricsAndHealthToAll() throws Exception {
    assertThat(send(bare("/metrics").GET()).body()).isEqualTo("some 1\n");
    assertThat(send(bare("/healthz").GET()).statusCode()).isEqualTo(200);
    assertThat(send(bare("/metrics").HEAD()).statusCode()).isEqualTo(200);
    assertThat(send(bare("/healthz").DELETE()).statusCode()).isEqualTo(405);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Bearer wrong", "Bearer let-me-in2", "Bearer let-me-i", "Basic let-me-in", ""})
  void asksForTheToken(String shown) throws Exception {
    var response = send(bare("/v1/status").header("Authorization", shown).GET());
    assertThat(response.statusCode()).isEqualTo(401);
    assertThat(send(bare("/v1/status").GET()).statusCode()).isEqualTo(401);
    assertThat(send(bare("/").GET()).statusCode()).isEqualTo(401);
  }

  @Test
  void takesEverythingFromAClient() throws Exception {
    var revoke = with("/v1/clients/2/revoke").POST(BodyPublishers.noBody());
    var done = send(revoke);
    assertThat(done.statusCode()).isEqualTo(200);
    assertThat(done.body()).contains("\"id\" : \"2\"", "\"opens\" : 5");
    assertThat(nfs.revoked()).containsExactly(2L);
    for (var wrong : List.of("/v1/clients/3/revoke", "/v1/clients//revoke", "/v1/clients/revoke")) {
      assertThat(send(with(wrong).POST(BodyPublishers.noBody())).statusCode()).isEqualTo(404);
    }
    assertThat(send(with("/v1/clients/2/revoke").GET()).statusCode()).isEqualTo(405);
    nfs.fail();
    var failed = send(revoke);
    assertThat(failed.statusCode()).isEqualTo(500);
    assertThat(failed.body()).contains("Nothing was taken from client 2: the disk is gone.");
    assertThat(nfs.revoked()).hasSize(1);
  }

  @Test
  void servesTheLifeOfAMount() throws Exception {
    var created = send(with("/v1/mounts").POST(BodyPublishers.ofString(MOUNT)));
    assertThat(created.statusCode()).isEqualTo(201);
    assertThat(created.body()).contains("\"name\" : \"data\"", "\"writebackIdle\" : \"1m\"");
    assertThat(send(with("/v1/mounts").GET()).body()).contains("\"bucket\" : \"data\"");
    assertThat(send(with("/v1/mounts/data").GET()).statusCode()).isEqualTo(200);
    assertThat(send(with("/v1/mounts").POST(BodyPublishers.ofString(MOUNT))).statusCode())
        .isEqualTo(409);
    core.withDirty("data", "/a", 5, null);
    assertThat(send(with("/v1/mounts/data").DELETE()).statusCode()).isEqualTo(409);
    assertThat(send(with("/v1/mounts/data?force=true").DELETE()).statusCode()).isEqualTo(200);
    assertThat(send(with("/v1/mounts/data").GET()).statusCode()).isEqualTo(404);
  }

  @Test
  void saysEverythingThatIsWrongWithAMount() throws Exception {
    var body = "{\"bucket\": \"data\", \"protocol\": \"smb\", \"colour\": 1}";
    var response = send(with("/v1/mounts").POST(BodyPublishers.ofString(body)));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body())
        .contains("Unknown setting colour.", "region is missing", "protocol accepts only nfs");
  }

  @Test
  void changesWhoMayUseAMount() throws Exception {
    send(with("/v1/mounts").POST(BodyPublishers.ofString(MOUNT)));
    var path = "/v1/mounts/data/settings";
    var body = "{\"clients\": [\"10.0.0.0/8\", \"any,ro\"]}";
    assertThat(send(with(path).POST(BodyPublishers.ofString(body))).body())
        .contains("10.0.0.0/8,rw,squash=none", "any,ro,squash=none");
    for (var wrong : List.of("{\"bucket\": \"b\"}", "{\"clients\": [[]]}", "{\"clients\": []}")) {
      var refused = send(with(path).POST(BodyPublishers.ofString(wrong)));
      assertThat(refused.statusCode()).as(wrong).isEqualTo(400);
    }
    assertThat(send(with(path).GET()).statusCode()).isEqualTo(405);
    var none = send(with("/v1/mounts/none/settings").POST(BodyPublishers.ofString(body)));
    assertThat(none.statusCode()).isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[1", "{\"bucket\": [1]}", "{\"bucket\": null}"})
  void refusesWhatIsNoMount(String body) throws Exception {
    assertThat(send(with("/v1/mounts").POST(BodyPublishers.ofString(body))).statusCode())
        .isEqualTo(400);
  }

  @Test
  void refusesABodyThatIsTooLong() throws Exception {
    var atLimit = " ".repeat(AdminServer.BODY_BYTES_MAX - MOUNT.length()) + MOUNT;
    assertThat(send(with("/v1/mounts").POST(BodyPublishers.ofString(" " + atLimit))).statusCode())
        .isEqualTo(413);
    assertThat(send(with("/v1/mounts").POST(BodyPublishers.ofString(atLimit))).statusCode())
        .isEqualTo(201);
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /nothing, 404",
    "GET, /v1/report/colours, 404",
    "GET, /v1/report/dirty?mount=none, 404",
    "GET, /v1/report/dirty?max=0, 400",
    "GET, /v1/report/dirty?max=100001, 400",
    "GET, /v1/report/dirty?max=100000, 200",
    "GET, /v1/report/dirty?colour=1, 400",
    "POST, /v1/status, 405",
    "PUT, /v1/mounts, 405",
    "PUT, /v1/mounts/a, 405",
    "GET, /v1/flush, 405",
    "POST, /v1/report/dirty, 405",
    "DELETE, /v1/mounts/a?force=maybe, 400",
    "DELETE, /v1/mounts/a, 404",
    "POST, /v1/flush, 400"
  })
  void answersEachRequestByItsStatus(String method, String path, int status) throws Exception {
    assertThat(send(with(path).method(method, BodyPublishers.noBody())).statusCode())
        .isEqualTo(status);
  }

  @Test
  void reportsWhatDiffers() throws Exception {
    send(with("/v1/mounts").POST(BodyPublishers.ofString(MOUNT)));
    core.withDirty("data", "/a", 5, null).withDirty("data", "/b", 6, "AccessDenied");
    assertThat(send(with("/v1/report/dirty?mount=data").GET()).body()).contains("/a", "/b");
    assertThat(send(with("/v1/report/failing").GET()).body())
        .contains("AccessDenied")
        .doesNotContain("/a");
    assertThat(send(with("/v1/report/conflicts").GET()).body()).contains("lost+found");
    assertThat(send(with("/v1/report/unmapped").GET()).body()).contains("a//b");
  }

  @Test
  void answersOthersWhileAFlushWaits() throws Exception {
    send(with("/v1/mounts").POST(BodyPublishers.ofString(MOUNT)));
    core.withDirty("data", "/a", 5, null);
    var gate = new CountDownLatch(1);
    core.holdFlush(gate);
    var flush = "{\"mount\": \"data\", \"path\": \"\", \"await\": true}";
    var waiting =
        client.sendAsync(
            with("/v1/flush").POST(BodyPublishers.ofString(flush)).build(),
            BodyHandlers.ofString());
    assertThat(send(with("/v1/status").GET()).statusCode()).isEqualTo(200);
    assertThat(waiting).isNotDone();
    gate.countDown();
    assertThat(waiting.get().body()).contains("\"files\" : 1");
  }

  @Test
  void saysThatThePortIsTaken() {
    var port = Integer.parseInt(server.address().split(":", -1)[1]);
    assertThatThrownBy(() -> start(port))
        .hasMessage(
            "Port " + port + " for the admin API is taken: choose another with --admin-port.");
  }

  private AdminServer start(int port) throws IOException {
    var mounts = new ConfiguredMounts(core, List.of(), null);
    var info = new GatewayInfo("1", Path.of("/state"), "0.0.0.0", 2049);
    return AdminServer.start(
        port,
        new AdminApi(core, mounts, info, nfs, new FakeCacheSetting()),
        TOKEN,
        () -> "some 1\n");
  }

  private HttpRequest.Builder bare(String path) {
    return HttpRequest.newBuilder(URI.create("http://" + server.address() + path));
  }

  private HttpRequest.Builder with(String path) {
    return bare(path).header("Authorization", "Bearer " + TOKEN);
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return client.send(request.build(), BodyHandlers.ofString());
  }
}
