package io.bucketfs.nfs.exec;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.TestOps;
import io.bucketfs.nfs.rpc.RecordDecoder;
import io.bucketfs.nfs.state.SessionId;
import io.bucketfs.nfs.state.StateId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.LeakPresenceDetector;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class LargeDataTest {
  private static final int PAGE = 4096;
  private static final int LAST_FRAGMENT = 0x8000_0000;

  private final SplittableRandom random = new SplittableRandom(11);

  @AfterAll
  static void nothingLeaks() {
    LeakPresenceDetector.check();
  }

  private static final RecordDecoder.Gate GATE =
      new RecordDecoder.Gate() {
        @Override
        public boolean admits(ByteBuf head) {
          return true;
        }

        @Override
        public int dataAt(ByteBuf head) {
          return LargeData.position(head);
        }
      };

  private static ByteBuf request(String machine, List<Consumer<ByteBuf>> operations) {
    var out = Unpooled.buffer();
    out.writeInt(77).writeInt(0).writeInt(2).writeInt(100_003).writeInt(4).writeInt(1);
    TestOps.authSys(out, machine.getBytes(UTF_8), 0, 0, 1, 2);
    out.writeLong(0);
    out.writeInt(0).writeInt(2).writeInt(operations.size());
    operations.forEach(operation -> operation.accept(out));
    return out;
  }

  private static Consumer<ByteBuf> sequence() {
    return TestOps.sequence(SessionId.read(Unpooled.buffer().writeZero(16)), 1, 0, false);
  }

  private ByteBuf write(String machine, int handleBytes, byte[] data) {
    return request(
        machine,
        List.of(
            sequence(),
            TestOps.putFh(new byte[handleBytes]),
            TestOps.write(StateId.ANONYMOUS, 0, data)));
  }

  private byte[] bytes(int length) {
    var bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static ByteBuf framed(ByteBuf record, boolean last) {
    return Unpooled.buffer()
        .writeInt(record.readableBytes() | (last ? LAST_FRAGMENT : 0))
        .writeBytes(record);
  }

  /** Whatever stands before it, and however it comes in. */
  @Test
  void dataOfALargeWriteBeginsAtAPage() {
    for (var round = 0; round < 50; round++) {
      var data = bytes(random.nextInt(100_000, 1 << 20));
      var request = write("m".repeat(round), random.nextInt(1, 128), data);
      var expected = request.copy();
      var channel = new EmbeddedChannel(new RecordDecoder(65_536, 4 << 20, GATE));
      var wire = framed(request, true);
      while (wire.isReadable()) {
        var part = wire.readSlice(random.nextInt(1, wire.readableBytes() + 1));
        channel.writeInbound(PooledByteBufAllocator.DEFAULT.directBuffer().writeBytes(part));
      }
      ByteBuf record = channel.readInbound();
      assertThat(record).isEqualTo(expected);
      var at = LargeData.position(record.slice());
      var first = record.nioBuffer(at, data.length);
      assertThat(first.alignmentOffset(0, PAGE)).isZero();
      assertThat(first.slice(0, data.length)).isEqualTo(ByteBuffer.wrap(data));
      assertThat(record.release()).isTrue();
      assertThat(channel.finish()).isFalse();
    }
  }

  @Test
  void largeRecordsOfSeveralFragmentsAndOtherKindsComeInWhole() {
    var write = write("m", 20, bytes(300_000));
    var other = request("m", List.of(sequence(), TestOps.putFh(new byte[9]), TestOps.putRoot()));
    other.writeBytes(bytes(200_000));
    for (var request : List.of(write, other)) {
      for (var cut : new int[] {1, 5000, 150_000}) {
        var channel = new EmbeddedChannel(new RecordDecoder(65_536, 4 << 20, GATE));
        channel.writeInbound(framed(request.slice(0, cut), false));
        channel.writeInbound(framed(request.slice(cut, request.readableBytes() - cut), true));
        ByteBuf record = channel.readInbound();
        assertThat(record).isEqualTo(request);
        assertThat(record.release()).isTrue();
        assertThat(channel.finish()).isFalse();
      }
    }
  }

  @Test
  void isNotFoundWhereTheBeginningDoesNotShowIt() {
    var whole = write("m", 20, bytes(100));
    var at = LargeData.position(whole.slice());
    assertThat(at).isEqualTo(whole.readableBytes() - 100);
    for (var length = 0; length < at; length++) {
      assertThat(LargeData.position(whole.slice(0, length))).isZero();
    }
    assertThat(LargeData.position(request("m", List.of(sequence(), TestOps.putRoot())))).isZero();
    assertThat(LargeData.position(Unpooled.wrappedBuffer(bytes(4096)))).isZero();
  }
}
