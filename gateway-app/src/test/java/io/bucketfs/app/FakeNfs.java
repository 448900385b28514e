package io.bucketfs.app;

import io.bucketfs.app.admin.NfsControl;
import io.bucketfs.nfs.NfsServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** An NFS server without clients that do anything. */
public final class FakeNfs implements NfsControl {
  private List<String> awaited = List.of();
  private boolean failing;
  private final List<Long> revoked = new ArrayList<>();

  /** Lets it be in grace, where anybody is awaited. */
  public void await(String... names) {
    awaited = List.of(names);
  }

  /** Lets its disk fail. */
  public void fail() {
    failing = true;
  }

  /** From whom all was taken. */
  public List<Long> revoked() {
    return List.copyOf(revoked);
  }

  @Override
  public NfsServer.View view() {
    return view(awaited);
  }

  @Override
  public boolean revoke(long clientId) throws IOException {
    if (failing) {
      throw new IOException("the disk is gone");
    }
    return revoked.add(clientId);
  }

  /** Two clients, one of which went away. */
  private static NfsServer.View view(List<String> awaited) {
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
