package io.bucketfs.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.Await;
import io.bucketfs.e2e.lab.KernelTest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Somebody else changes the bucket under a client that has it mounted. */
@KernelTest
final class RefreshIT {
  private static final int WEBHOOK_PORT = 19_051;
  private static final String SECRET = "a-secret-of-this-test";
  private static final Duration EVENT_MAX = Duration.ofSeconds(2);

  /** The default, and a listing. */
  private static final Duration REFRESH_MAX = Duration.ofSeconds(30 + 3);

  private static DemoLab demo;

  @BeforeAll
  static void open() throws IOException {
    var secret = Files.createTempFile("webhook", ".secret");
    Files.writeString(secret, SECRET);
    demo =
        DemoLab.open(
            RefreshIT.class,
            Map.of(
                "BUCKETFS_WEBHOOK_PORT",
                "" + WEBHOOK_PORT,
                "BUCKETFS_WEBHOOK_SECRET_FILE",
                secret.toString()));
    // Before anybody looks: what comes later is a change of others already.
    put("event/a", "old");
    put("quiet/a", "old");
    put("order/a", "a");
    put("order/b", "b");
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  private static void put(String key, String text) {
    demo.bucket().put(key, text.getBytes(UTF_8), Map.of());
  }

  private static void tell(String key) throws Exception {
    var body =
        "{\"Records\": [{\"s3\": {\"bucket\": {\"name\": \"demo\"}, \"object\": {\"key\": \""
            + key
            + "\"}}}]}";
    try (var client = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + WEBHOOK_PORT + "/"))
              .header("Authorization", "Bearer " + SECRET)
              .POST(BodyPublishers.ofString(body));
      var answer = client.send(request.build(), BodyHandlers.ofString());
      assertThat(answer.body()).isEqualTo("1 taken, 0 unknown\n");
    }
  }

  @Test
  void anOverwriteShowsWithinTwoSecondsOfTheEvent() throws Exception {
    var mount = demo.mount("4.2");
    assertThat(mount.sh("cat event/a")).isEqualTo("old");
    put("event/a", "overwritten");
    tell("event/a");
    Await.until("the new text", EVENT_MAX, () -> mount.sh("cat event/a").equals("overwritten"));
    mount.detach();
  }

  @Test
  void anOverwriteShowsWithinTheRefreshWithoutAnEvent() {
    var mount = demo.mount("4.2");
    assertThat(mount.sh("cat quiet/a")).isEqualTo("old");
    put("quiet/a", "overwritten");
    Await.until("the new text", REFRESH_MAX, () -> mount.sh("cat quiet/a").equals("overwritten"));
    mount.detach();
  }

  @Test
  void anOrderShowsWhatIsNewAndGone() {
    var mount = demo.mount("4.2");
    assertThat(mount.sh("ls order")).isEqualTo("a\nb\n");
    put("order/c", "c");
    demo.bucket().delete("order/a");
    assertThat(demo.gateway().command("refresh", "demo/order").orFail())
        .contains("1 new, 0 changed, 1 deleted.");
    mount.remount();
    assertThat(mount.sh("ls order")).isEqualTo("b\nc\n");
    mount.detach();
  }
}
