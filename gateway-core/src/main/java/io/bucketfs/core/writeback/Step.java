package io.bucketfs.core.writeback;

import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.Job;
import io.bucketfs.core.store.RemoteEntry;
import io.bucketfs.core.store.StoredUpload;
import org.jspecify.annotations.Nullable;

/** What has to be done next for an inode, as one transaction found. */
sealed interface Step {
  /** An object of which more is known than we can say of a file: it is kept. */
  record Like(String key, RemoteEntry remote) {
    static @Nullable Like of(String key, @Nullable RemoteEntry remote) {
      return remote == null ? null : new Like(key, remote);
    }

    static @Nullable RemoteEntry remoteOf(@Nullable Like like) {
      return like == null ? null : like.remote;
    }
  }

  /** The attempt ends. */
  record End(Attempt attempt) implements Step {}

  /** Owner, mode and times are not known yet, and would be lost. */
  record ReadAttributes(Inode inode) implements Step {}

  /** What others keep with an object is not known yet, and would be lost. */
  record ReadForeign(String key, RemoteEntry remote) implements Step {}

  /** The bytes have to be pinned. */
  record TakeSnapshot() implements Step {}

  /**
   * A job was left behind at a key: what became of it comes first.
   *
   * @param completion what it was to complete; null where it is another kind of job
   */
  record Settle(
      String key, Job job, @Nullable ObjectVersion expected, @Nullable Completion completion)
      implements Step {}

  /** An upload was begun at a key for what is not to be there any longer. */
  record Abandon(String key, StoredUpload upload) implements Step {}

  /**
   * A body has to be written; its job is committed.
   *
   * @param state what is written
   * @param like the object whose foreign metadata, headers and tags are kept; null for none
   * @param path of the object inside the mount
   * @param upload of these bytes that was begun already; null for none
   */
  record Put(
      String key,
      String path,
      @Nullable RemoteEntry expected,
      Job job,
      Inode state,
      @Nullable Like like,
      @Nullable StoredUpload upload)
      implements Step {}

  /**
   * The object that the file is based on has to be copied; its job is committed.
   *
   * @param upload of these bytes that was begun already; null for none
   */
  record Copy(
      String key,
      String path,
      @Nullable RemoteEntry expected,
      Job job,
      Inode state,
      Content.Base source,
      Like like,
      @Nullable StoredUpload upload)
      implements Step {}

  /**
   * Two files want each other's keys: the object of one steps aside.
   *
   * @param holder the file whose object it is
   */
  record StepAside(Inode holder, Content.Base base, Like like) implements Step {}
}
