package io.bucketfs.nfs.state;

import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/**
 * {@code stateid4} (RFC 8881, 8.2): a sequence number and 12 bytes, of which ours are the boot
 * epoch and 64 random bits, so that nobody guesses them.
 *
 * @param sequence version of the state; 0 stands for the newest
 * @param epoch first 4 bytes of {@code other}
 * @param tag the rest of {@code other}
 */
public record StateId(int sequence, int epoch, long tag) {
  /** I/O without an open. */
  public static final StateId ANONYMOUS = new StateId(0, 0, 0);

  /** I/O without an open that passes over share reservations when it reads. */
  public static final StateId READ_BYPASS = new StateId(-1, -1, -1);

  /** Stands for the current stateid of the COMPOUND. */
  public static final StateId CURRENT = new StateId(1, 0, 0);

  /** What CLOSE answers: no state at all. */
  public static final StateId INVALID = new StateId(-1, 0, 0);

  /** Reads a stateid. */
  public static StateId read(ByteBuf in) {
    return new StateId(Xdr.readInt(in), Xdr.readInt(in), Xdr.readLong(in));
  }

  /** Writes the stateid. */
  public void write(ByteBuf out) {
    out.writeInt(sequence).writeInt(epoch).writeLong(tag);
  }

  /** Whether I/O with it needs no open. */
  public boolean isForAnyone() {
    return equals(ANONYMOUS) || equals(READ_BYPASS);
  }
}
