package io.bucketfs.app.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.app.FakeAdministration;
import io.bucketfs.core.admin.Administration.ObjectEvent;
import java.io.IOException;
import java.net.BindException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Base64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WebhookServerTest {
  private static final String SECRET = "a-secret-of-a-store";

  private final FakeAdministration core = new FakeAdministration();
  private final HttpClient client = HttpClient.newHttpClient();
  private WebhookServer server;

  @BeforeEach
  void start() throws IOException {
    server = WebhookServer.start("127.0.0.1", 0, SECRET, core);
  }

  @AfterEach
  void stop() {
    server.close();
    client.close();
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
  }

  private HttpResponse<String> post(String authorization, String body) throws Exception {
    var request =
        to("/events").header("Authorization", authorization).POST(BodyPublishers.ofString(body));
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private static String record(String bucket, String key) {
    return "{\"eventName\": \"s3:ObjectCreated:Put\", \"s3\": {\"bucket\": {\"name\": \""
        + bucket
        + "\"}, \"object\": {\"key\": \""
        + key
        + "\", \"eTag\": \"e1\", \"size\": 3}}}";
  }

  private static String records(String... records) {
    return "{\"EventName\": \"s3:ObjectCreated:Put\", \"Key\": \"b/k\", \"Records\": ["
        + String.join(", ", records)
        + "]}";
  }

  @Test
  void takesTheEventsOfS3AndMinioAndCephAndDecodesTheirKeys() throws Exception {
    var answer =
        post("Bearer " + SECRET, records(record("b", "d/a+b%2Bc%C3%A4.txt"), record("c", "k")));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("2 taken, 0 unknown\n");
    assertThat(core.events())
        .containsExactly(
            new ObjectEvent("b", "d/a b+c\u00e4.txt", "e1"), new ObjectEvent("c", "k", "e1"));
  }

  @Test
  void takesTheEventsOfEventBridgeAndR2() throws Exception {
    var bridge =
        "{\"detail-type\": \"Object Deleted\", \"detail\": {\"bucket\": {\"name\": \"b\"},"
            + " \"object\": {\"key\": \"a+b\"}}}";
    var r2 =
        "{\"action\": \"PutObject\", \"bucket\": \"b\","
            + " \"object\": {\"key\": \"k\", \"eTag\": \"e\"}}";
    assertThat(post("Bearer " + SECRET, bridge).statusCode()).isEqualTo(200);
    assertThat(post("Bearer " + SECRET, r2).statusCode()).isEqualTo(200);
    assertThat(core.events())
        .containsExactly(new ObjectEvent("b", "a+b", null), new ObjectEvent("b", "k", "e"));
  }

  @Test
  void takesTheSecretInEachFormThatStoresHave() throws Exception {
    var basic = Base64.getEncoder().encodeToString(("store:" + SECRET).getBytes(UTF_8));
    for (var form : new String[] {"Bearer " + SECRET, SECRET, "Basic " + basic}) {
      assertThat(post(form, records()).statusCode()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Bearer a-secret-of-a-stor",
        "Bearer a-secret-of-a-store2",
        "Bearer ",
        "",
        "Basic !",
        "Basic YTpi",
        "a-secret"
      })
  void asksForTheSecret(String shown) throws Exception {
    assertThat(post(shown, records(record("b", "k"))).statusCode()).isEqualTo(401);
    assertThat(core.events()).isEmpty();
  }

  @Test
  void asksForTheSecretWhereNoneIsShown() throws Exception {
    var request = to("/").POST(BodyPublishers.ofString(records(record("b", "k"))));
    assertThat(client.send(request.build(), BodyHandlers.ofString()).statusCode()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"Service\": \"Amazon S3\", \"Event\": \"s3:TestEvent\", \"Bucket\": \"b\"}",
        "{}",
        "{\"Records\": [{}, {\"s3\": 5}, null, {\"s3\": {\"bucket\": {\"name\": 7}}}]}",
        "{\"detail\": {}}"
      })
  void ignoresWhatIsNoEventOfAnObject(String body) throws Exception {
    assertThat(post("Bearer " + SECRET, body).statusCode()).isEqualTo(200);
    assertThat(core.events()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "nonsense", "{\"Records\": [", "7"})
  void refusesWhatIsNoNotification(String body) throws Exception {
    assertThat(post("Bearer " + SECRET, body).statusCode()).isEqualTo(400);
  }

  @Test
  void refusesAKeyThatIsNotEncoded() throws Exception {
    assertThat(post("Bearer " + SECRET, records(record("b", "100%"))).statusCode()).isEqualTo(400);
    assertThat(core.events()).isEmpty();
  }

  @Test
  void boundsTheBody() throws Exception {
    var most = " ".repeat(WebhookServer.BODY_BYTES_MAX - 2) + "{}";
    assertThat(post("Bearer " + SECRET, most).statusCode()).isEqualTo(200);
    assertThat(post("Bearer " + SECRET, most + " ").statusCode()).isEqualTo(413);
  }

  @Test
  void letsStoresTryWhetherSomebodyIsThere() throws Exception {
    var head = to("/").header("Authorization", SECRET).HEAD();
    assertThat(client.send(head.build(), BodyHandlers.ofString()).statusCode()).isEqualTo(200);
    var delete = to("/").header("Authorization", SECRET).DELETE();
    assertThat(client.send(delete.build(), BodyHandlers.ofString()).statusCode()).isEqualTo(405);
  }

  @Test
  void saysThatThePortIsTaken() {
    assertThatThrownBy(() -> WebhookServer.start("127.0.0.1", server.port(), SECRET, core))
        .isInstanceOf(BindException.class)
        .hasMessageContaining("choose another with --webhook-port.");
  }
}
