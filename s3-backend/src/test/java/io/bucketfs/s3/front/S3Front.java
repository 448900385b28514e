package io.bucketfs.s3.front;

import io.bucketfs.core.object.ObjectStore;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Speaks the part of S3's REST protocol that our store needs, path style, on the loopback
 * interface, and passes requests on to stores: HEAD, ranged GET, PUT, copy, DELETE and
 * ListObjectsV2. Signatures are not looked at; checksums of uploads are. A store's {@code
 * Unreachable} closes the connection.
 *
 * <p>Bodies of PUTs are gathered in memory before the store sees them.
 */
public final class S3Front implements AutoCloseable {
  private static final int BODY_BYTES_MAX = 256 << 20;

  private final EventLoopGroup loops;
  private final URI endpoint;

  /**
   * @param buckets finds the store of a bucket; null where there is none
   */
  public S3Front(Function<String, @Nullable ObjectStore> buckets) {
    loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    var channel =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel connection) {
                    connection
                        .pipeline()
                        .addLast(new HttpServerCodec(16 << 10, 32 << 10, 64 << 10))
                        .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
                        .addLast(new FrontHandler(buckets));
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .syncUninterruptibly()
            .channel();
    var port = ((InetSocketAddress) channel.localAddress()).getPort();
    endpoint = URI.create("http://127.0.0.1:" + port);
  }

  /** Where it listens. */
  public URI endpoint() {
    return endpoint;
  }

  @Override
  public void close() {
    loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
