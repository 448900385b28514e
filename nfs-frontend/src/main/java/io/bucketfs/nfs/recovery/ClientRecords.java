package io.bucketfs.nfs.recovery;

import io.bucketfs.core.local.ProtocolRecords;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.nfs.state.Opaque;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Durable records of the clients that may reclaim after a restart (RFC 8881, 8.4.2.1). */
public final class ClientRecords {
  private static final Logger LOG = LoggerFactory.getLogger(ClientRecords.class);

  private final ProtocolRecords records;
  private final Execution execution;

  public ClientRecords(ProtocolRecords records, Execution execution) {
    this.records = records;
    this.execution = execution;
  }

  /** Keeps a client's record; it is durable when this returns. */
  public void remember(Opaque owner, Patience patience) throws NfsException {
    patience.requireWaiting();
    await(keep(owner), owner, patience);
  }

  /** Keeps a client's record; the stage completes once it is durable. */
  CompletionStage<Void> keep(Opaque owner) {
    return records.put(key(owner), owner.bytes());
  }

  /** Drops a client's record; that is durable when this returns. */
  void forget(Opaque owner, Patience patience) throws NfsException {
    patience.requireWaiting();
    await(drop(owner), owner, patience);
  }

  /** Drops a client's record; the stage completes once that is durable. */
  CompletionStage<Void> drop(Opaque owner) {
    return records
        .remove(key(owner))
        .whenComplete((_, failure) -> {
          if (failure != null) {
            LOG.warn("cannot drop the record of client {}", owner, failure);
          }
        });
  }

  private void await(CompletionStage<Void> stage, Opaque owner, Patience patience)
      throws NfsException {
    try {
      execution.await(stage, patience);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new NfsException(NfsStatus.DELAY);
    } catch (TimeoutException _) {
      throw new NfsException(NfsStatus.DELAY);
    } catch (ExecutionException e) {
      LOG.warn("cannot change the record of client {}", owner, e.getCause());
      throw new NfsException(NfsStatus.SERVERFAULT);
    }
  }

  private static String key(Opaque owner) {
    try {
      var digest = MessageDigest.getInstance("SHA-256").digest(owner.bytes());
      return DurableIdentity.CLIENT_PREFIX + HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
