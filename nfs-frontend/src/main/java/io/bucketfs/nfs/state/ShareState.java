package io.bucketfs.nfs.state;

import io.bucketfs.core.vfs.FileId;

/** State that a stateid stands for: an open, or the byte-range locks of a lock-owner on a file. */
public sealed interface ShareState permits OpenState, LockState {
  Client client();

  FileId file();

  /** The random part of the stateid. */
  long tag();

  /** The version of the state, as of now. */
  int sequence();

  /** The open whose access rights hold. */
  OpenState open();
}
