package io.bucketfs.nfs.state;

import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** {@code channel_attrs4}: what one channel of a session may carry (RFC 8881, 18.36). */
public record ChannelLimits(
    int requestBytesMax,
    int responseBytesMax,
    int cachedResponseBytesMax,
    int operationsMax,
    int requestsMax) {
  /** Room for a lone SEQUENCE with an AUTH_SYS credential of average size. */
  private static final int REQUEST_BYTES_MIN = 256;

  private static final int RESPONSE_BYTES_MIN = 128;

  /** Windows' client asks for very few operations and then sends more. */
  private static final int OPERATIONS_MIN = 16;

  private static final int OPERATIONS_MAX = 64;

  /** Reads what the client asks for. Counts above 2^31 - 1 are as good as that. */
  public static ChannelLimits read(ByteBuf in) {
    var headerPad = Xdr.readInt(in);
    var limits = new ChannelLimits(count(in), count(in), count(in), count(in), count(in));
    var rdma = Xdr.readLength(in, 1);
    Xdr.skip(in, 4 * rdma);
    if (headerPad < 0) {
      throw BadXdr.INSTANCE;
    }
    return limits;
  }

  private static int count(ByteBuf in) {
    var value = Xdr.readInt(in);
    return value < 0 ? Integer.MAX_VALUE : value;
  }

  /** Writes what is granted. */
  public void write(ByteBuf out) {
    out.writeInt(0);
    out.writeInt(requestBytesMax).writeInt(responseBytesMax).writeInt(cachedResponseBytesMax);
    out.writeInt(operationsMax).writeInt(requestsMax);
    out.writeInt(0);
  }

  /** The same with so many requests at once. */
  ChannelLimits withRequests(int requests) {
    return new ChannelLimits(
        requestBytesMax, responseBytesMax, cachedResponseBytesMax, operationsMax, requests);
  }

  /**
   * Grants a fore channel. Sizes are granted as asked, since Linux derives its rsize from them.
   *
   * @throws NfsException TOOSMALL where nothing useful fits
   */
  public ChannelLimits grantFore(int recordBytesMax, int cachedBytesMax, int slotsMax)
      throws NfsException {
    if (requestBytesMax < REQUEST_BYTES_MIN || responseBytesMax < RESPONSE_BYTES_MIN) {
      throw new NfsException(NfsStatus.TOOSMALL);
    }
    return new ChannelLimits(
        Math.min(requestBytesMax, recordBytesMax),
        Math.min(responseBytesMax, recordBytesMax),
        Math.min(cachedResponseBytesMax, cachedBytesMax),
        Math.clamp(operationsMax, OPERATIONS_MIN, OPERATIONS_MAX),
        Math.clamp(requestsMax, 1, slotsMax));
  }

  /**
   * Grants a backchannel: never above what is asked.
   *
   * @throws NfsException TOOSMALL where no callback fits
   */
  public ChannelLimits grantBack(int slotsMax) throws NfsException {
    if (requestBytesMax < REQUEST_BYTES_MIN || responseBytesMax < RESPONSE_BYTES_MIN) {
      throw new NfsException(NfsStatus.TOOSMALL);
    }
    return new ChannelLimits(
        requestBytesMax,
        responseBytesMax,
        cachedResponseBytesMax,
        operationsMax,
        Math.min(requestsMax, slotsMax));
  }
}
