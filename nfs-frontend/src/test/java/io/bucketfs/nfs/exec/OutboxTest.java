package io.bucketfs.nfs.exec;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.runtime.Meters;
import io.bucketfs.nfs.op.ReplyBuffer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

/** What a connection sends when its client takes little at a time. */
final class OutboxTest {
  private final Queue<String> requests = new ArrayDeque<>(List.of("<second>"));
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final Outbox outbox =
      new Outbox(
          channel,
          Long.MAX_VALUE,
          new Connections(10, Long.MAX_VALUE, Meters.NONE.counter("cut")),
          () -> 0,
          this::goOn);

  /** Runs a request that came in, as soon as it may begin. */
  private void goOn() {
    if (!requests.isEmpty() && outbox.mayBegin()) {
      outbox.send(new ReplyBuffer(bytes(requests.remove())));
    }
  }

  private static ByteBuf bytes(String text) {
    return Unpooled.copiedBuffer(text, US_ASCII);
  }

  private String sent() {
    outbox.flush();
    var text = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.toString(US_ASCII));
      part.release();
    }
    return text.toString();
  }

  @Test
  void aReplyIsNotInterruptedByTheNextWhenTheClientTakesItsParts() {
    channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(4, 8));
    channel
        .pipeline()
        .addLast(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelWritabilityChanged(ChannelHandlerContext ctx) {
                outbox.adjustReading();
              }
            });
    var first = new ReplyBuffer(bytes("<first begins,"));
    first.append(bytes("then its data,"));
    var _ = first.out().writeBytes(bytes("and it ends>"));
    outbox.send(first);
    assertThat(sent()).isEqualTo("<first begins,then its data,and it ends><second>");
    assertThat(requests).isEmpty();
    assertThat(channel.finish()).isFalse();
  }
}
