package io.bucketfs.nfs.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.TooLongFrameException;
import java.util.ArrayDeque;
import java.util.Deque;
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
 * A small record that lies whole in what was read is a slice of it. Any other gets a buffer of its
 * own, into which it is copied or, where a {@link RecordReceiver} drives the channel, its greater
 * part is read. Its length is checked before: first against the limit for strangers, whose buffer
 * grows only with what they send; above that, its first bytes are shown to the {@link Gate}, and
 * only a record that it admits may be as large as the limit for acquaintances. Of any other the
 * first bytes are passed on and the rest is skipped: enough to answer a WRITE that a client sends
 * again after a restart, in a session that is gone, with BADSESSION. What is larger than any record
 * may be ends the connection.
 *
 * <p>What a large WRITE writes comes to lie at the begin of a page, whence the disk can take it.
 *
 * <p>While the gate is full no record is begun: what has come in is kept until {@link #resume}.
 */
public final class RecordDecoder extends ChannelInboundHandlerAdapter {
  /** A record has at most this many fragments. */
  static final int FRAGMENTS_MAX = 32;

  /** So many bytes of a record are shown to the gate. */
  static final int HEAD_BYTES = 4096;

  /** What the disk takes data from without a copy begins at a multiple of this. */
  private static final int PAGE_BYTES = 4096;

  /** Less than this is copied: a read takes what comes behind it, too. */
  private static final int LENT_BYTES_MIN = 32_768;

  private static final int LAST_FRAGMENT = 0x8000_0000;

  private final int strangerBytesMax;
  private final int recordBytesMax;
  private final Gate gate;

  /** What was read and not looked at yet. */
  private final Deque<ByteBuf> held = new ArrayDeque<>();

  private @Nullable ChannelHandlerContext context;
  private boolean decoding;

  /** Whether the connection ends, since what came is no record. */
  private boolean broken;

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

  /** Decides which records may come in, and when. Called on the event loop. */
  @FunctionalInterface
  public interface Gate {
    /** Whether the beginning of a record shows that its sender is known. Does not keep it. */
    boolean admits(ByteBuf head);

    /**
     * Where in an admitted record the data begins that makes it large, or 0 where the beginning
     * does not show that. Does not keep it.
     */
    default int dataAt(ByteBuf head) {
      return 0;
    }

    /** Whether no record may come in for now. Who says so calls {@link #resume} later. */
    default boolean isFull() {
      return false;
    }
  }

  public RecordDecoder(int strangerBytesMax, int recordBytesMax, Gate gate) {
    this.strangerBytesMax = strangerBytesMax;
    this.recordBytesMax = recordBytesMax;
    this.gate = gate;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
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
    held.add(in);
    decode(ctx);
  }

  /** Goes on with what was read, if the gate is not full. On the event loop. */
  public void resume() {
    if (context != null && !decoding && !held.isEmpty()) {
      decode(context);
      context.fireChannelReadComplete();
    }
  }

  /** Bytes of memory that hold what is no record yet. */
  public long heldBytes() {
    var bytes = record == null ? 0L : record.capacity();
    for (var in : held) {
      bytes += in.readableBytes();
    }
    return bytes;
  }

  /** Whether a part of a record has come in, and the rest has not. */
  public boolean isInRecord() {
    return fragments > 0 || markerBytes > 0;
  }

  private void decode(ChannelHandlerContext ctx) {
    if (decoding) {
      return; // a receiver that made room calls back while a record is passed on
    }
    decoding = true;
    try {
      for (var in = held.poll(); in != null; in = held.poll()) {
        if (!decode(ctx, in)) {
          return;
        }
      }
    } finally {
      decoding = false;
    }
  }

  /** Returns false, with the rest of the input held again, where the gate became full. */
  private boolean decode(ChannelHandlerContext ctx, ByteBuf in) {
    var keep = false;
    try {
      while (in.isReadable() && !broken) {
        if (!isInRecord() && gate.isFull()) {
          keep = true;
          break;
        }
        if (inFragment || readMarker(in)) {
          readFragment(ctx, in);
        }
      }
    } catch (TooLongFrameException e) {
      breakOff();
      throw e;
    } finally {
      if (keep && !broken) {
        held.addFirst(in);
      } else {
        in.release();
      }
    }
    return !keep;
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
    if (record == null
        && lastFragment
        && fragmentRest <= strangerBytesMax
        && in.readableBytes() >= fragmentRest) {
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
      target.writeBytes(in, bytes);
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
      record = ctx.alloc().directBuffer(Math.min(whole, HEAD_BYTES), recordBytesMax);
    }
    if (whole <= strangerBytesMax) {
      return record; // it grows as bytes come in
    }
    if (!admitted) {
      if (present < HEAD_BYTES) {
        return record;
      }
      admitted = gate.admits(record.slice());
      skipping = !admitted;
    }
    if (!skipping && record.capacity() < whole) {
      if (lastFragment) {
        record = alignedRoom(ctx, record, whole);
      } else {
        record.capacity(whole);
      }
    }
    return record;
  }

  /** Moves the beginning of a record to where the data behind it comes to lie at a page's begin. */
  private ByteBuf alignedRoom(ChannelHandlerContext ctx, ByteBuf head, int whole) {
    var dataAt = gate.dataAt(head.slice());
    var memory = ctx.alloc().directBuffer(whole + PAGE_BYTES);
    var past = memory.nioBuffer(0, 1).alignmentOffset(0, PAGE_BYTES) + dataAt;
    var room = memory.slice(Math.floorMod(-past, PAGE_BYTES), whole).clear().writeBytes(head);
    head.release();
    return room;
  }

  private void reset() {
    inFragment = false;
    fragmentRest = 0;
    fragments = 0;
    recordBytes = 0;
    admitted = false;
    skipping = false;
  }

  private void breakOff() {
    broken = true;
    for (var in = held.poll(); in != null; in = held.poll()) {
      in.release();
    }
    if (record != null) {
      record.release();
      record = null;
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    breakOff();
  }
}
