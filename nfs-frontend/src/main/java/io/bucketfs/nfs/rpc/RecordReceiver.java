package io.bucketfs.nfs.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * Lets the transport read the rest of a large record to where it belongs: that saves a copy, and
 * takes what the socket has in one call instead of 64 KiB at a time.
 */
public final class RecordReceiver implements RecvByteBufAllocator {
  private final RecvByteBufAllocator otherwise = new AdaptiveRecvByteBufAllocator();
  private final RecordDecoder decoder;

  /** For the channel of a decoder. */
  public RecordReceiver(RecordDecoder decoder) {
    this.decoder = decoder;
  }

  @Override
  @SuppressWarnings("deprecation") // what it returns has a successor that extends it
  public Handle newHandle() {
    return new IntoRecord((ExtendedHandle) otherwise.newHandle(), decoder);
  }

  private static final class IntoRecord extends DelegatingHandle implements ExtendedHandle {
    private final ExtendedHandle otherwise;
    private final RecordDecoder decoder;

    IntoRecord(ExtendedHandle otherwise, RecordDecoder decoder) {
      super(otherwise);
      this.otherwise = otherwise;
      this.decoder = decoder;
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator allocator) {
      var lent = decoder.lend();
      return lent == null ? otherwise.allocate(allocator) : lent;
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
      return otherwise.continueReading(maybeMoreData);
    }
  }
}
