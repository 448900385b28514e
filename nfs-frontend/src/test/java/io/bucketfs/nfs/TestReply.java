package io.bucketfs.nfs;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A reply to a COMPOUND, read from the front.
 *
 * @param results how many operations it has results of
 * @param sequence what SEQUENCE said, where it was the first and succeeded; it is passed over
 */
public record TestReply(int status, int results, @Nullable SequenceResult sequence, ByteBuf body) {
  /** What SEQUENCE answers behind the session id (RFC 8881, 18.46.2). */
  public record SequenceResult(
      int sequence, int slot, int highestSlot, int targetHighestSlot, int flags) {}

  /** Reads a record whose RPC header must say success. */
  public static TestReply read(ByteBuf record) throws IOException {
    record.skipBytes(8);
    if (record.readInt() != 0) {
      throw new IOException("denied: " + record.readInt() + ", " + record.readInt());
    }
    record.skipBytes(8);
    var accepted = record.readInt();
    if (accepted != 0) {
      throw new IOException("accept_stat " + accepted);
    }
    var status = record.readInt();
    Xdr.skipOpaque(record, 1024);
    var results = record.readInt();
    return new TestReply(status, results, readSequence(results, record), record);
  }

  private static @Nullable SequenceResult readSequence(int results, ByteBuf body) {
    var at = body.readerIndex();
    if (results == 0
        || body.getInt(at) != OperationCode.SEQUENCE.number()
        || body.getInt(at + 4) != 0) {
      return null;
    }
    body.skipBytes(8 + 16);
    return new SequenceResult(
        body.readInt(), body.readInt(), body.readInt(), body.readInt(), body.readInt());
  }

  /** What SEQUENCE said; it must have succeeded. */
  public SequenceResult requireSequence() {
    if (sequence == null) {
      throw new AssertionError("SEQUENCE failed with status " + status);
    }
    return sequence;
  }

  /** The same, if all succeeded. */
  public TestReply requireOk() {
    return require(NfsStatus.OK);
  }

  /** The same, if it ended so. */
  public TestReply require(NfsStatus expected) {
    if (status != expected.code()) {
      throw new AssertionError(
          "status %d, not %d, after %d results".formatted(status, expected.code(), results));
    }
    return this;
  }

  /** Passes over an operation's number and status, and returns that. */
  public int result(OperationCode code) {
    var number = body.readInt();
    if (number != code.number()) {
      throw new AssertionError("result of operation " + number + ", not " + code);
    }
    return body.readInt();
  }

  /** As {@link #result}, of an operation that succeeded. */
  public TestReply ok(OperationCode code) {
    var got = result(code);
    if (got != 0) {
      throw new AssertionError(code + " ended with status " + got);
    }
    return this;
  }

  /** Passes over operations that succeeded and whose results are but a status. */
  public TestReply ok(OperationCode first, OperationCode... more) {
    ok(first);
    for (var code : more) {
      ok(code);
    }
    return this;
  }

  /** Reads the handle that GETFH, which comes next, gave. */
  public byte[] handle() {
    return Xdr.readBytes(ok(OperationCode.GETFH).body, 128);
  }
}
