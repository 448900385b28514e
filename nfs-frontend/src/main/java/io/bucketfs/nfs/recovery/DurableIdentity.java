package io.bucketfs.nfs.recovery;

import io.bucketfs.core.local.ProtocolRecords;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.nfs.state.Opaque;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * What this server was before it started: the records that outlive it.
 *
 * @param epoch grows at every start, never 0
 * @param handleKey0 half of the key of filehandles, the same for ever
 * @param handleKey1 the other half
 * @param serverOwner how clients know this server, the same for ever
 * @param recordedClients owners of the clients that may reclaim
 */
public record DurableIdentity(
    int epoch, long handleKey0, long handleKey1, byte[] serverOwner, Set<Opaque> recordedClients) {
  private static final String EPOCH = "nfs/epoch";
  private static final String HANDLE_KEY = "nfs/handle-key";
  private static final String SERVER_OWNER = "nfs/server-owner";
  static final String CLIENT_PREFIX = "nfs/client/";

  /** Reads the records, makes what is missing, and begins a new epoch. Waits for the disk. */
  public static DurableIdentity load(ProtocolRecords records, Execution execution)
      throws IOException, InterruptedException {
    var all = records.all();
    var before = all.get(EPOCH);
    var epoch = before == null ? 1 : ByteBuffer.wrap(before).getInt() + 1;
    if (epoch == 0 || epoch == -1) {
      epoch = 1;
    }
    write(records, execution, EPOCH, ByteBuffer.allocate(4).putInt(epoch).array());
    var key = all.get(HANDLE_KEY);
    if (key == null) {
      key = random(execution);
      write(records, execution, HANDLE_KEY, key);
    }
    var owner = all.get(SERVER_OWNER);
    if (owner == null) {
      owner = random(execution);
      write(records, execution, SERVER_OWNER, owner);
    }
    var clients = new HashSet<Opaque>();
    all.forEach((name, value) -> {
      if (name.startsWith(CLIENT_PREFIX)) {
        clients.add(new Opaque(value));
      }
    });
    var keys = ByteBuffer.wrap(key);
    return new DurableIdentity(epoch, keys.getLong(), keys.getLong(), owner, clients);
  }

  private static byte[] random(Execution execution) {
    return ByteBuffer.allocate(16)
        .putLong(execution.randomLong())
        .putLong(execution.randomLong())
        .array();
  }

  private static void write(ProtocolRecords records, Execution execution, String key, byte[] value)
      throws IOException, InterruptedException {
    try {
      execution.await(records.put(key, value), Patience.FOREVER);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("cannot keep the record " + key, e);
    }
  }
}
