package io.bucketfs.nfs.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.TooLongFrameException;
import org.jspecify.annotations.Nullable;

/**
 * Puts records together from fragments (RFC 5531, 11) and passes each on as one buffer, which the
 * receiver releases.
 *
 * <pre>
 *  0 1 2 3 4 5 6 7 ...            31
 * +-+-------------------------------+----------------------+
 * |L| bytes of this fragment        | so many bytes        |   L: last fragment of the record
 * +-+-------------------------------+----------------------+
 * </pre>
 *
 * A record that lies whole in what was read is a slice of it. Any other gets a buffer of its size,
 * into which it is copied or, where a {@link RecordReceiver} drives the channel, read. The buffer
 * is allocated only after the record's length was checked: first against the limit for strangers;
 * above that, its first bytes are shown to the {@link Gate}, and only a record that it admits may
 * be as large as the limit for acquaintances. Of any other the first bytes are passed on and the
 * rest is skipped: enough to answer a WRITE that a client sends again after a restart, in a session
 * that is gone, with BADSESSION. What is larger than any record may be ends the connection.
 */
public final class RecordDecoder extends ChannelInboundHandlerAdapter {
  /** A record has at most this many fragments. */
  static final int FRAGMENTS_MAX = 32;

  /** So many bytes of a record are shown to the gate. */
  static final int HEAD_BYTES = 4096;

  /** Less than this is copied: a read takes what comes behind it, too. */
  private static final int LENT_BYTES_MIN = 32_768;

  private static final int LAST_FRAGMENT = 0x8000_0000;

  private final int strangerBytesMax;
  private final int recordBytesMax;
  private final Gate gate;

  /** Up to 4 bytes of a marker that came in pieces. */
  private int marker;

  private int markerBytes;

  /** What the markers of the record so far add up to. */
  private long recordBytes;

  /** What is left of the fragment that is being read. */
  private int fragmentRest;

  private boolean inFragment;
  private boolean lastFragment;
  private int fragments;
  private boolean admitted;

  /** Whether the rest of the record is thrown away. */
  private boolean skipping;

  private @Nullable ByteBuf record;

  /** The part of the record's buffer that the transport reads into. */
  private @Nullable ByteBuf lent;

  /** Decides whether a large record may come in. */
  @FunctionalInterface
  public interface Gate {
    /** Whether the beginning of a record shows that its sender is known. Does not keep it. */
    boolean admits(ByteBuf head);
  }

  public RecordDecoder(int strangerBytesMax, int recordBytesMax, Gate gate) {
    this.strangerBytesMax = strangerBytesMax;
    this.recordBytesMax = recordBytesMax;
    this.gate = gate;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf in)) {
      ctx.fireChannelRead(message);
      return;
    }
    if (isLent(in) && record != null) {
      lent = null;
      received(ctx, record, in);
      return;
    }
    lent = null;
    try {
      while (in.isReadable()) {
        if (inFragment || readMarker(in)) {
          readFragment(ctx, in);
        }
      }
    } finally {
      in.release();
    }
  }

  /**
   * Where the next bytes belong: the rest of a fragment in its record's buffer, or null where that
   * is not worth it. Its length was checked when the buffer was made.
   */
  @Nullable ByteBuf lend() {
    lent = null;
    if (record != null
        && inFragment
        && !skipping
        && fragmentRest >= LENT_BYTES_MIN
        && record.capacity() - record.writerIndex() >= fragmentRest) {
      lent = record.slice(record.writerIndex(), fragmentRest).retain().clear();
    }
    return lent;
  }

  @SuppressWarnings("ReferenceEquality") // the same buffer, not one with the same bytes
  private boolean isLent(ByteBuf in) {
    return in == lent;
  }

  /** Notes what the transport read into the buffer of the record. */
  private void received(ChannelHandlerContext ctx, ByteBuf into, ByteBuf in) {
    var bytes = in.readableBytes();
    in.release();
    into.writerIndex(into.writerIndex() + bytes);
    fragmentRest -= bytes;
    endFragment(ctx);
  }

  private boolean readMarker(ByteBuf in) {
    while (in.isReadable() && markerBytes < 4) {
      marker = marker << 8 | in.readUnsignedByte();
      markerBytes++;
    }
    if (markerBytes < 4) {
      return false;
    }
    markerBytes = 0;
    lastFragment = (marker & LAST_FRAGMENT) != 0;
    fragmentRest = marker & ~LAST_FRAGMENT;
    inFragment = true;
    fragments++;
    recordBytes += fragmentRest;
    if (fragments > FRAGMENTS_MAX || recordBytes > recordBytesMax) {
      throw new TooLongFrameException("record of " + recordBytes + " bytes, fragment " + fragments);
    }
    return true;
  }

  private void readFragment(ChannelHandlerContext ctx, ByteBuf in) {
    if (record == null && lastFragment && in.readableBytes() >= fragmentRest) {
      var whole = in.readRetainedSlice(fragmentRest);
      reset();
      ctx.fireChannelRead(whole);
      return;
    }
    collect(ctx, in);
    endFragment(ctx);
  }

  private void endFragment(ChannelHandlerContext ctx) {
    if (fragmentRest == 0) {
      inFragment = false;
      if (lastFragment) {
        var whole = record == null ? Unpooled.EMPTY_BUFFER : record;
        record = null;
        reset();
        ctx.fireChannelRead(whole);
      }
    }
  }

  private void collect(ChannelHandlerContext ctx, ByteBuf in) {
    while (fragmentRest > 0 && in.isReadable()) {
      var target = room(ctx);
      if (skipping) {
        var skipped = Math.min(fragmentRest, in.readableBytes());
        in.skipBytes(skipped);
        fragmentRest -= skipped;
        continue;
      }
      var bytes = Math.min(fragmentRest, in.readableBytes());
      if (!admitted && target.readableBytes() < HEAD_BYTES) {
        bytes = Math.min(bytes, HEAD_BYTES - target.readableBytes());
      }
      in.readBytes(target, bytes);
      fragmentRest -= bytes;
    }
  }

  /** Returns the record's buffer with room for the rest of the fragment, if that may come in. */
  private ByteBuf room(ChannelHandlerContext ctx) {
    if (skipping && record != null) {
      return record;
    }
    var present = record == null ? 0 : record.readableBytes();
    var whole = present + fragmentRest;
    if (record == null) {
      var first = whole > strangerBytesMax ? HEAD_BYTES : whole;
      record = ctx.alloc().directBuffer(first, recordBytesMax);
    }
    if (!admitted && whole > strangerBytesMax) {
      if (present < HEAD_BYTES) {
        return record;
      }
      admitted = gate.admits(record.slice());
      skipping = !admitted;
    }
    if (skipping) {
      return record;
    }
    if (record.capacity() < whole) {
      record.capacity(whole);
    }
    return record;
  }

  private void reset() {
    inFragment = false;
    fragmentRest = 0;
    fragments = 0;
    recordBytes = 0;
    admitted = false;
    skipping = false;
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (record != null) {
      record.release();
      record = null;
    }
  }
}
