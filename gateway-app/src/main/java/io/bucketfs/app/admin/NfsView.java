package io.bucketfs.app.admin;

import io.bucketfs.nfs.NfsServer;
import java.util.List;

/**
 * The NFS server as the admin API shows it.
 *
 * @param leaseSeconds how long a client may be silent before others may have what it holds
 * @param opens files that are open, over all clients
 * @param locks byte ranges that are locked, over all clients
 */
public record NfsView(
    int connections, int clients, long leaseSeconds, int opens, int locks, GraceView grace) {

  /**
   * The time after a loss of power in which clients take back what they held before.
   *
   * @param active whether it goes on; nothing new can be opened or locked then
   * @param remainingSeconds how long it lasts at most
   * @param awaited clients that have not finished, as they name themselves
   */
  public record GraceView(boolean active, long remainingSeconds, List<String> awaited) {}

  static NfsView of(NfsServer.View view) {
    return new NfsView(
        view.connections(),
        view.clients().size(),
        view.lease().toSeconds(),
        view.clients().stream().mapToInt(NfsServer.ClientView::opens).sum(),
        view.clients().stream().mapToInt(NfsServer.ClientView::locks).sum(),
        new GraceView(view.inGrace(), view.graceRemaining().toSeconds(), view.awaited()));
  }
}
