package io.bucketfs.core.object;

/** What must hold of the object at a key for a request to be carried out. */
public sealed interface Condition {
  /** No condition. */
  Condition NONE = new None();

  /** There must be no object: {@code If-None-Match: *}. */
  Condition ABSENT = new Absent();

  /** The object must have this entity tag: {@code If-Match}. */
  static Condition matches(ObjectVersion version) {
    return new Matches(version);
  }

  record None() implements Condition {}

  record Absent() implements Condition {}

  record Matches(ObjectVersion version) implements Condition {}
}
