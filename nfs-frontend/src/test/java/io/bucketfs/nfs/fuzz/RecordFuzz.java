package io.bucketfs.nfs.fuzz;

import io.bucketfs.nfs.rpc.RecordDecoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.util.LeakPresenceDetector;
import java.util.ArrayList;
import java.util.List;

/**
 * Records from fragments: however the bytes come in, the same records come out, nothing takes more
 * memory than is allowed, and nothing is left behind.
 */
public final class RecordFuzz {
  private static final int STRANGER_BYTES_MAX = 512;
  private static final int RECORD_BYTES_MAX = 6000;

  private RecordFuzz() {}

  /** What the decoder made of some bytes: its records, and whether it gave up. */
  private record Outcome(List<String> records, boolean gaveUp) {
    String summary() {
      return records.size()
          + " records of "
          + records.stream().mapToInt(String::length).sum() / 2
          + " bytes, "
          + gaveUp;
    }
  }

  /** The first byte says how many bytes come in at once, and whether the sender is known. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    var known = (input[0] & 0x80) != 0;
    var step = 1 + (input[0] & 0x7f);
    var whole = decode(input, input.length, known, false);
    var pieces = decode(input, step, known, false);
    var stalled = decode(input, step, known, true);
    if (!whole.equals(pieces) || !whole.equals(stalled)) {
      throw new AssertionError(
          whole.summary() + ", in pieces " + pieces.summary() + ", stalled " + stalled.summary());
    }
    LeakPresenceDetector.check();
  }

  /** A gate that is full every other time. */
  private static final class Turnstile implements RecordDecoder.Gate {
    private final boolean known;
    private final boolean turning;
    private boolean full;

    Turnstile(boolean known, boolean turning) {
      this.known = known;
      this.turning = turning;
    }

    @Override
    public boolean admits(ByteBuf head) {
      return known;
    }

    @Override
    public boolean isFull() {
      full = turning && !full;
      return full;
    }
  }

  private static Outcome decode(byte[] input, int step, boolean known, boolean turning) {
    var decoder =
        new RecordDecoder(STRANGER_BYTES_MAX, RECORD_BYTES_MAX, new Turnstile(known, turning));
    var channel = new EmbeddedChannel(decoder);
    var records = new ArrayList<String>();
    var gaveUp = false;
    try {
      for (var at = 1; at < input.length; at += step) {
        var bytes = Math.min(step, input.length - at);
        channel.writeInbound(
            PooledByteBufAllocator.DEFAULT.directBuffer().writeBytes(input, at, bytes));
        collect(channel, records);
        if (decoder.heldBytes() > 2L * RECORD_BYTES_MAX + input.length) {
          throw new AssertionError("holds " + decoder.heldBytes());
        }
      }
      for (var before = -1; before != records.size(); ) {
        before = records.size();
        decoder.resume();
        decoder.resume();
        collect(channel, records);
      }
    } catch (TooLongFrameException _) {
      gaveUp = true;
      collect(channel, records);
    } finally {
      channel.finishAndReleaseAll();
    }
    return new Outcome(records, gaveUp);
  }

  private static void collect(EmbeddedChannel channel, List<String> records) {
    for (ByteBuf record = channel.readInbound(); record != null; record = channel.readInbound()) {
      if (record.readableBytes() > RECORD_BYTES_MAX) {
        throw new AssertionError("a record of " + record.readableBytes());
      }
      records.add(ByteBufUtil.hexDump(record));
      record.release();
    }
  }
}
