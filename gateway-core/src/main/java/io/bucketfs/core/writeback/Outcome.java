package io.bucketfs.core.writeback;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.store.Job;
import org.jspecify.annotations.Nullable;

/** What became of a request that changes an object, as far as can be known. */
sealed interface Outcome {
  /**
   * It was carried out.
   *
   * @param job the one that was, which may be an earlier one whose reply was lost
   */
  record Written(Job job, ObjectVersion version) implements Outcome {}

  /**
   * It was carried out, and what is there is ours; but the store says that it got other bytes than
   * were sent.
   *
   * @param head of what is there, which has to be written over
   */
  record Damaged(Job job, ObjectHead head, BackendFailure failure) implements Outcome {}

  /** The object is gone, as was asked for. */
  record Deleted() implements Outcome {}

  /** Somebody else changed the object; null where it is gone. */
  record Foreign(@Nullable ObjectHead head) implements Outcome {}

  /** It was not carried out, and the object is what it was. */
  record NotDone(BackendFailure failure) implements Outcome {}

  /** Nobody knows; the job stays, and is settled before anything else is sent. */
  record Unknown(BackendFailure failure) implements Outcome {}
}
