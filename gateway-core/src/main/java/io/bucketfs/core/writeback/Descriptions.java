package io.bucketfs.core.writeback;

import io.bucketfs.core.importer.ObjectForm;
import io.bucketfs.core.mount.ActiveMount;
import io.bucketfs.core.mount.ObjectPolicy;
import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectHeaders;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.Job;
import io.bucketfs.core.store.RemoteEntry;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is said of an object when it is written: its file's attributes, what the mount's policy says
 * of new objects, and whatever the object before it had that is not ours.
 */
final class Descriptions {
  private final ActiveMount mount;
  private final BucketWrites writes;

  Descriptions(ActiveMount mount, BucketWrites writes) {
    this.mount = mount;
    this.writes = writes;
  }

  /**
   * For a request that sends bytes: tags have to be said again, so they are read where there are
   * any.
   */
  Target ofBytes(
      String key, @Nullable RemoteEntry expected, Job job, Inode state, Step.@Nullable Like like)
      throws Refused, InterruptedException {
    return of(key, expected, job, state, like, like == null ? Map.of() : tags(like));
  }

  /** For a copy in one request, which takes the tags along. */
  Target ofCopy(String key, @Nullable RemoteEntry expected, Job job, Inode state, Step.Like like) {
    return of(key, expected, job, state, like, Map.of());
  }

  private Target of(
      String key,
      @Nullable RemoteEntry expected,
      Job job,
      Inode state,
      Step.@Nullable Like like,
      Map<String, String> tags) {
    var remote = Step.Like.remoteOf(like);
    var metadata =
        ObjectForm.metadata(
            mount.mount(),
            state,
            job.token(),
            remote == null ? Map.of() : remote.foreignMetadata());
    var headers = remote == null ? ObjectHeaders.NONE : remote.headers();
    return new Target(
        key,
        expected == null ? null : expected.version(),
        job,
        metadata,
        contentType(key, state, remote),
        mount.mount().policy().objects().placement(headers, tags));
  }

  private Map<String, String> tags(Step.Like like) throws Refused, InterruptedException {
    if (!like.remote().headers().tagged()) {
      return Map.of();
    }
    try {
      return writes.await(() -> mount.store().tags(like.key()));
    } catch (Refused e) {
      if (e.failure instanceof BackendFailure.Missing) {
        return Map.of();
      }
      throw e;
    }
  }

  /** What the object has, or what the policy says of those that have none. */
  private @Nullable String contentType(String key, Inode state, @Nullable RemoteEntry like) {
    if ((like != null && like.contentType() != null) || state.content() == null) {
      return like == null ? null : like.contentType();
    }
    var policy = mount.mount().policy().objects().contentType();
    return switch (policy) {
      case ObjectPolicy.GUESSED -> ContentTypes.ofPath(key);
      case ObjectPolicy.UNSAID -> null;
      default -> policy;
    };
  }
}
