package io.bucketfs.nfs.state;

/** Where the reply to a request goes. */
public record ReplyTarget(Peer peer, int xid) {}
