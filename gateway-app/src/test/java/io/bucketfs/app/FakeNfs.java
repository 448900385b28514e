package io.bucketfs.app;

import io.bucketfs.nfs.NfsServer;
import java.time.Duration;
import java.util.List;

/** An NFS server of which only its view is needed. */
public final class FakeNfs {
  private FakeNfs() {}

  /** Two clients, one of which went away. */
  public static NfsServer.View view() {
    return view(List.of());
  }

  /** In grace, where anybody is awaited. */
  public static NfsServer.View view(List<String> awaited) {
    return new NfsServer.View(
        FakeAdministration.THEN,
        3,
        2,
        !awaited.isEmpty(),
        Duration.ofSeconds(awaited.isEmpty() ? 0 : 42),
        awaited,
        Duration.ofSeconds(90),
        List.of(
            client(1, "Linux NFSv4.2 alpha", Duration.ofSeconds(7), false),
            client(2, "Linux NFSv4.2 beta", Duration.ofSeconds(123), true)));
  }

  private static NfsServer.ClientView client(
      long id, String owner, Duration idle, boolean expired) {
    return new NfsServer.ClientView(
        id, owner, "10.0.0." + id, "Linux 6.1", true, 1, 9, 5, 4, idle, expired);
  }
}
