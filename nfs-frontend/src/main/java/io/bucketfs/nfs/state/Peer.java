package io.bucketfs.nfs.state;

import io.bucketfs.core.access.ClientAddress;
import io.bucketfs.nfs.callback.CallbackCalls;

/** A connection, as far as sessions care. Compared by identity. */
public interface Peer {
  /** Address of the client, for people. */
  String address();

  /** The same, for rules. */
  ClientAddress clientAddress();

  /** The calls to the client that are under way on it. */
  CallbackCalls callbacks();

  /** Is told of each request in a session; repeats are nothing new. */
  void joined(Session session);

  /** Is told that a session it joined is no more. */
  void left(Session session);
}
