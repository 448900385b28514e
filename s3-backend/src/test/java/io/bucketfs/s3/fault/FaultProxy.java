package io.bucketfs.s3.fault;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a client and an S3 on the loopback interface, and spoils requests: those that were
 * scripted, a share of all by chance, or all. Requests and replies go through byte for byte.
 *
 * <p>Any thread. Settings hold for requests that arrive afterwards.
 */
public final class FaultProxy implements AutoCloseable {
  private final InetSocketAddress target;
  private final ServerSocket server;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Map<String, LongAdder> requests = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Map<String, Queue<Fault>> scripted = new HashMap<>();

  @GuardedBy("lock")
  private final Map<Fault, Double> chances = new HashMap<>();

  @GuardedBy("lock")
  private final SplittableRandom random;

  @GuardedBy("lock")
  private @Nullable Fault permanent;

  @GuardedBy("lock")
  private Duration delay = Duration.ZERO;

  private volatile boolean dark;

  /**
   * @param target the S3 behind it
   * @param seed of chance
   */
  public FaultProxy(URI target, long seed) throws IOException {
    this.target = new InetSocketAddress(target.getHost(), target.getPort());
    random = new SplittableRandom(seed);
    server = new ServerSocket(0, 1_024, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().name("fault-proxy").start(this::accept);
  }

  /** Where clients find it. */
  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getLocalPort());
  }

  /** Lets the next request with a method meet a fault; may be called several times in advance. */
  public void next(String method, Fault fault) {
    lock.lock();
    try {
      scripted.computeIfAbsent(method, _ -> new ArrayDeque<>()).add(fault);
    } finally {
      lock.unlock();
    }
  }

  /** Lets every request meet a fault, until null is given. */
  public void always(@Nullable Fault fault) {
    lock.lock();
    try {
      permanent = fault;
    } finally {
      lock.unlock();
    }
  }

  /** How likely each fault is for one request; together at most 1. */
  public void chances(Map<Fault, Double> newChances) {
    lock.lock();
    try {
      chances.clear();
      chances.putAll(newChances);
    } finally {
      lock.unlock();
    }
  }

  /** What every request takes longer. */
  public void delay(Duration newDelay) {
    lock.lock();
    try {
      delay = newDelay;
    } finally {
      lock.unlock();
    }
  }

  /** Cuts all connections and takes no new ones, or goes on. */
  public void dark(boolean newDark) {
    dark = newDark;
    if (newDark) {
      open.forEach(FaultProxy::close);
    }
  }

  /** How many requests with a method arrived. */
  public long requests(String method) {
    var count = requests.get(method);
    return count == null ? 0 : count.sum();
  }

  /** How many requests arrived, and connections that were refused in the dark. */
  public long requests() {
    return requests.values().stream().mapToLong(LongAdder::sum).sum();
  }

  private void count(String what) {
    requests.computeIfAbsent(what, _ -> new LongAdder()).increment();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var client = server.accept();
        if (dark) {
          count("refused");
          client.setSoLinger(true, 0);
          client.close();
        } else {
          open.add(client);
          Thread.ofVirtual().name("fault-proxy-connection").start(() -> serve(client));
        }
      } catch (IOException e) {
        // Closed: the loop ends.
      }
    }
  }

  private void serve(Socket client) {
    var upstream = new Socket();
    open.add(upstream);
    try (client;
        upstream) {
      client.setTcpNoDelay(true);
      upstream.setTcpNoDelay(true);
      upstream.connect(target);
      var requestInput = new BufferedInputStream(client.getInputStream(), 64 << 10);
      var replyInput = new BufferedInputStream(upstream.getInputStream(), 64 << 10);
      for (var request = HttpMessage.readRequest(requestInput);
          request != null;
          request = HttpMessage.readRequest(requestInput)) {
        count(request.method());
        if (!pass(request, client, upstream, replyInput)) {
          return;
        }
      }
    } catch (IOException e) {
      // Either side is gone, which the other one sees as a connection that breaks.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(client);
      open.remove(upstream);
    }
  }

  /** Handles a request; whether the connection goes on. */
  private boolean pass(
      HttpMessage request, Socket client, Socket upstream, BufferedInputStream replyInput)
      throws IOException, InterruptedException {
    var method = request.method();
    Fault fault;
    Duration wait;
    lock.lock();
    try {
      fault = fault(method);
      wait = delay;
    } finally {
      lock.unlock();
    }
    Thread.sleep(wait);
    if (dark || fault == Fault.DROPPED) {
      return false;
    }
    if (fault == Fault.SILENCE) {
      // Until the client gives up.
      return client.getInputStream().read() >= 0;
    }
    if (fault != null && !fault.isDone()) {
      var error = HttpMessage.error(fault, method);
      error.write(client.getOutputStream(), error.body().length);
      return true;
    }
    request.write(upstream.getOutputStream(), request.body().length);
    var reply = HttpMessage.readReply(replyInput, method);
    if (fault == Fault.LOST_REPLY) {
      return false;
    }
    if (fault == Fault.WRONG_CHECKSUM) {
      reply = reply.with("x-amz-checksum-crc32c", "AAAAAA==");
    }
    var cut = fault == Fault.TRUNCATED_BODY;
    reply.write(client.getOutputStream(), cut ? reply.body().length / 2 : reply.body().length);
    return !cut;
  }

  @GuardedBy("lock")
  private @Nullable Fault fault(String method) {
    var queue = scripted.get(method);
    if (queue != null && !queue.isEmpty()) {
      return queue.remove();
    }
    if (permanent != null) {
      return permanent;
    }
    var dice = random.nextDouble();
    for (var chance : chances.entrySet()) {
      dice -= chance.getValue();
      if (dice < 0) {
        return chance.getKey();
      }
    }
    return null;
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It is closed then.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    open.forEach(FaultProxy::close);
  }
}
