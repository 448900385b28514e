package io.bucketfs.core.admin;

import io.bucketfs.core.admin.AdminException.Kind;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.Patience;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** Makes a bucket that is to be mounted. */
final class BucketCreation {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Execution execution;

  BucketCreation(Execution execution) {
    this.execution = execution;
  }

  /**
   * Makes the bucket; returns once it is there.
   *
   * @throws AdminException with the store's own error and what to do about it
   */
  void create(ObjectStore store) throws AdminException, InterruptedException {
    try {
      execution.await(store.createBucket(), Patience.atMost(LIMIT, execution.nanoTime()));
    } catch (TimeoutException e) {
      throw failed(new BackendFailure.Unreachable("no reply within " + LIMIT.toSeconds() + " s"));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ObjectStoreException refused) {
        throw failed(refused.failure());
      }
      throw new AdminException(Kind.STORE, "cannot create the bucket: " + e.getCause());
    }
  }

  private static AdminException failed(BackendFailure failure) {
    var remedy =
        switch (failure) {
          case BackendFailure.Conflict _ -> "somebody else has it; choose another name";
          case BackendFailure.Denied _ -> "this takes s3:CreateBucket";
          case BackendFailure.Unreachable _, BackendFailure.Busy _ ->
              "check the endpoint and the network, then try again";
          default -> "check its name and the region, or create it with the store's own tools";
        };
    return new AdminException(
        Kind.STORE, "cannot create the bucket: %s; %s".formatted(failure.detail(), remedy));
  }
}
