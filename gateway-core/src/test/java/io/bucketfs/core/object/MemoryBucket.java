package io.bucketfs.core.object;

import io.bucketfs.core.object.MemoryFaults.Fault;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.Patience;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * An S3 bucket in memory: byte-exact in keys, atomic in conditions, with faults and delays.
 *
 * <p>Each request is a task of the given {@link Execution}, so that a simulation decides the order
 * in which requests take effect and reply. Half of a request's delay passes before it takes effect,
 * half after. The bucket outlives those who use it: {@link #connect} gives each run of a gateway a
 * store of its own to close, while {@link #close} of the bucket itself does nothing.
 */
public final class MemoryBucket implements ObjectStore {
  private static final int PART_BYTES = 256 << 10;

  /** How long a store takes to tell that it has other bytes: there is time for a crash. */
  private static final Duration SPOILED_FOR = Duration.ofSeconds(30);

  /**
   * How a bucket is made.
   *
   * @param versioned whether it keeps versions
   * @param traits which conditions it honours; the others it ignores
   * @param dropsPatterns whether bodies that {@link PatternBytes} can make again take no memory
   * @param deletesMany whether it knows DeleteObjects
   * @param partBytesMin how long every part of an upload but the last must be
   */
  public record Options(
      boolean versioned,
      StoreTraits traits,
      boolean dropsPatterns,
      boolean deletesMany,
      long partBytesMin) {
    /** With S3's least size of a part. */
    public Options(boolean versioned, StoreTraits traits, boolean dropsPatterns) {
      this(versioned, traits, dropsPatterns, 5 << 20);
    }

    /** That knows DeleteObjects. */
    public Options(
        boolean versioned, StoreTraits traits, boolean dropsPatterns, long partBytesMin) {
      this(versioned, traits, dropsPatterns, true, partBytesMin);
    }

    public static final Options DEFAULT = new Options(false, StoreTraits.FULL, false);
  }

  private final Execution execution;
  private final Options options;
  private final MemoryContents contents;
  private final MemoryUploads uploads;
  private final MemoryFaults faults;
  private final RequestCounts counts = new RequestCounts();
  private final ForeignWriter foreign;
  private final Set<String> spoiledEtags = ConcurrentHashMap.newKeySet();

  /** A bucket without versions that honours every condition. */
  public MemoryBucket(Execution execution) {
    this(execution, Options.DEFAULT);
  }

  public MemoryBucket(Execution execution, Options options) {
    this.execution = execution;
    this.options = options;
    contents = new MemoryContents(execution::now, options.versioned(), options.traits());
    uploads = new MemoryUploads(contents, options.partBytesMin());
    faults = new MemoryFaults(execution);
    foreign = new ForeignWriter(contents, uploads);
  }

  /** What goes wrong, and how long requests take. */
  public MemoryFaults faults() {
    return faults;
  }

  /** What was requested so far. */
  public RequestCounts counts() {
    return counts;
  }

  /** Direct access, past the port. */
  public ForeignWriter foreign() {
    return foreign;
  }

  /** Changes which conditions are honoured. */
  public void honour(StoreTraits traits) {
    contents.honour(traits);
  }

  /** A store over this bucket that can be closed. */
  public ObjectStore connect() {
    return new MemoryConnection(this);
  }

  @Override
  public CompletionStage<Listing> list(ListRequest request) {
    return submit(RequestKind.LIST, request.prefix(), _ -> contents.list(request));
  }

  @Override
  public CompletionStage<ObjectHead> head(String key) {
    return submit(RequestKind.HEAD, key, _ -> contents.find(key, null).head());
  }

  @Override
  public CompletionStage<ObjectHead> get(
      String key, @Nullable ObjectVersion version, long offset, long count, BodySink sink) {
    return submit(RequestKind.GET, key, call -> send(key, version, offset, count, sink, call));
  }

  @Override
  public CompletionStage<ObjectVersion> put(PutRequest request, BodySource body) {
    return submit(
        RequestKind.PUT,
        request.key(),
        call -> {
          var received = receive(body, call);
          // Conditions are judged when the body has arrived, as in S3.
          faults.hook().before(RequestKind.PUT, request.key());
          var spoiled = call.meets(Fault.SPOILED) ? spoiled(request.key(), received) : null;
          var stored = contents.put(request, spoiled == null ? received : spoiled).version();
          if (spoiled != null) {
            spoiledEtags.add(stored.etag());
            pause(SPOILED_FOR);
            throw damaged();
          }
          return new ObjectVersion(stored.etag(), stored.sizeBytes(), null, stored.versionId());
        });
  }

  /** Other bytes for a new object; null where it gets what was sent. */
  private @Nullable MemoryBody spoiled(String key, MemoryBody received) {
    if (!(received instanceof MemoryBody.Bytes(var bytes))
        || bytes.length == 0
        || foreign.head(key) != null) {
      return null;
    }
    var others = bytes.clone();
    others[Math.floorMod(execution.randomLong(), others.length)] ^= 1;
    return new MemoryBody.Bytes(others);
  }

  /** Whether an object has other bytes than were sent, of which the store said so. */
  public boolean isSpoiled(String key) {
    var head = foreign.head(key);
    return head != null && spoiledEtags.contains(head.version().etag());
  }

  @Override
  public CompletionStage<ObjectVersion> copy(CopyRequest request) {
    return submit(RequestKind.COPY, request.targetKey(), _ -> contents.copy(request).version());
  }

  @Override
  public CompletionStage<Map<String, String>> tags(String key) {
    return submit(RequestKind.TAGS, key, _ -> contents.find(key, null).tags());
  }

  @Override
  @SuppressWarnings("NullAway") // null is all that a Void can be
  public CompletionStage<Void> delete(String key, Condition condition) {
    return submit(
        RequestKind.DELETE,
        key,
        _ -> {
          contents.delete(key, condition);
          return null;
        });
  }

  @Override
  public CompletionStage<Map<String, BackendFailure>> deleteMany(List<Deletion> objects) {
    return submit(
        RequestKind.DELETE_MANY,
        objects.getFirst().key(),
        _ -> {
          if (!options.deletesMany()) {
            throw S3Refusal.rejected("501 NotImplemented: DeleteObjects");
          }
          var failures = new HashMap<String, BackendFailure>();
          for (var object : objects) {
            try {
              faults.hook().before(RequestKind.DELETE_MANY, object.key());
              contents.deleteOfMany(object);
            } catch (ObjectStoreException e) {
              failures.put(object.key(), e.failure());
            }
          }
          counts.deleted(objects.size());
          return failures;
        });
  }

  @Override
  public CompletionStage<String> createUpload(UploadRequest request) {
    return submit(RequestKind.CREATE_UPLOAD, request.key(), _ -> uploads.create(request));
  }

  @Override
  public CompletionStage<Part> uploadPart(
      String key, String uploadId, int number, BodySource body) {
    return submit(
        RequestKind.UPLOAD_PART,
        key,
        call -> {
          var received = receive(body, call);
          faults.hook().before(RequestKind.UPLOAD_PART, key);
          return uploads.put(key, uploadId, number, received, checksum(received));
        });
  }

  private static @Nullable String checksum(MemoryBody body) {
    if (!(body instanceof MemoryBody.Bytes(var bytes))) {
      return null;
    }
    var sum = new CRC32C();
    sum.update(bytes);
    var value = ByteBuffer.allocate(Integer.BYTES).putInt((int) sum.getValue()).array();
    return Base64.getEncoder().encodeToString(value);
  }

  @Override
  public CompletionStage<Part> copyPart(CopyPartRequest request) {
    return submit(RequestKind.COPY_PART, request.key(), _ -> uploads.copy(request));
  }

  @Override
  public CompletionStage<ObjectVersion> completeUpload(CompleteRequest request) {
    return submit(
        RequestKind.COMPLETE_UPLOAD,
        request.key(),
        _ -> {
          var stored = uploads.complete(request).version();
          return new ObjectVersion(stored.etag(), stored.sizeBytes(), null, stored.versionId());
        });
  }

  @Override
  @SuppressWarnings("NullAway") // null is all that a Void can be
  public CompletionStage<Void> abortUpload(String key, String uploadId) {
    return submit(
        RequestKind.ABORT_UPLOAD,
        key,
        _ -> {
          uploads.abort(key, uploadId);
          return null;
        });
  }

  @Override
  public CompletionStage<UploadListing> listUploads(ListUploadsRequest request) {
    return submit(RequestKind.LIST_UPLOADS, request.prefix(), _ -> uploads.list(request));
  }

  /** Does nothing: a bucket stays when its users go. */
  @Override
  public void close() {}

  /** A request under way. */
  private record Call(MemoryFaults.Plan plan, CompletableFuture<?> result) {
    boolean meets(Fault fault) {
      return plan.fault() == fault;
    }
  }

  /** What a request does when it takes effect. */
  @FunctionalInterface
  private interface Effect<T extends @Nullable Object> {
    T run(Call call) throws ObjectStoreException, InterruptedException;
  }

  private <T extends @Nullable Object> CompletionStage<T> submit(
      RequestKind kind, String key, Effect<T> effect) {
    counts.started(kind);
    var call = new Call(faults.plan(kind), new CompletableFuture<T>());
    @SuppressWarnings("unchecked") // made in the line above
    var result = (CompletableFuture<T>) call.result();
    execution.fork(
        "s3-memory",
        () -> {
          try {
            var value = run(kind, key, call, effect);
            counts.ended();
            result.complete(value);
          } catch (ObjectStoreException e) {
            counts.ended();
            result.completeExceptionally(e);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            counts.ended();
            result.completeExceptionally(S3Refusal.unreachable("interrupted"));
          } catch (RuntimeException | Error e) {
            counts.ended();
            result.completeExceptionally(e);
            throw e;
          }
        });
    return result;
  }

  private <T extends @Nullable Object> T run(
      RequestKind kind, String key, Call call, Effect<T> effect)
      throws ObjectStoreException, InterruptedException {
    var half = call.plan().delay().dividedBy(2);
    pause(half);
    if (!kind.isJudgedLater()) {
      faults.hook().before(kind, key);
    }
    if (call.meets(Fault.BUSY)) {
      throw S3Refusal.slowDown();
    }
    if (call.meets(Fault.DENIED)) {
      throw S3Refusal.accessDenied();
    }
    if (call.meets(Fault.UNREACHABLE)) {
      throw S3Refusal.unreachable("connection reset before the request was sent");
    }
    try {
      return effect.run(call);
    } finally {
      pause(half);
      loseReply(kind, call);
    }
  }

  /** Hides the outcome, be it a success or a refusal. */
  @SuppressWarnings("Finally") // hiding what came before is what it is for
  private static void loseReply(RequestKind kind, Call call) throws ObjectStoreException {
    if (kind != RequestKind.GET && call.meets(Fault.LOST_REPLY)) {
      throw S3Refusal.unreachable("connection reset before the reply");
    }
    if (call.meets(Fault.DAMAGED)) {
      throw damaged();
    }
  }

  private static ObjectStoreException damaged() {
    return new ObjectStoreException(
        new BackendFailure.Corrupt("the store received CRC32C AAAAAA=="));
  }

  private ObjectHead send(
      String key,
      @Nullable ObjectVersion version,
      long offset,
      long count,
      BodySink sink,
      Call call)
      throws ObjectStoreException, InterruptedException {
    if (call.meets(Fault.LOST_REPLY)) {
      throw S3Refusal.unreachable("connection reset before the reply");
    }
    var found = contents.find(key, version);
    if (found.isArchived()) {
      throw S3Refusal.archived(key);
    }
    var size = found.body().sizeBytes();
    if (offset < 0 || count < 1 || count > size - offset) {
      throw S3Refusal.rejected(
          "416 InvalidRange: " + offset + "+" + count + " of " + size + " bytes: " + key);
    }
    sink.head(found.head());
    var end = call.meets(Fault.TRUNCATED_BODY) ? cut(offset, count) : offset + count;
    for (var at = offset; at < end; ) {
      var bytes = new byte[(int) Math.min(PART_BYTES, end - at)];
      found.body().read(at, bytes, 0, bytes.length);
      pause(faults.transfer(bytes.length));
      if (call.result().isDone()) {
        throw S3Refusal.unreachable("cancelled");
      }
      counts.sent(bytes.length);
      sink.data(ByteBufAllocator.DEFAULT.directBuffer(bytes.length).writeBytes(bytes));
      at += bytes.length;
    }
    if (end < offset + count) {
      throw S3Refusal.unreachable("connection reset inside the body at byte " + end);
    }
    return found.head();
  }

  private long cut(long offset, long count) {
    return offset + Math.floorMod(execution.randomLong(), count);
  }

  private MemoryBody receive(BodySource body, Call call)
      throws ObjectStoreException, InterruptedException {
    if (body.sizeBytes() > MemoryContents.REQUEST_BYTES_MAX) {
      throw S3Refusal.rejected("400 EntityTooLarge: The upload is larger than 5 GiB");
    }
    var incoming = new IncomingBody(body.sizeBytes(), options.dropsPatterns());
    try (var reader = body.open()) {
      while (true) {
        var part = execution.await(reader.next(), Patience.FOREVER);
        if (part == null) {
          break;
        }
        var bytes = part.readableBytes();
        if (!incoming.add(part)) {
          throw S3Refusal.rejected("400 IncompleteBody: more bytes than announced");
        }
        counts.received(bytes);
        pause(faults.transfer(bytes));
        if (call.result().isDone()) {
          throw S3Refusal.unreachable("cancelled");
        }
      }
    } catch (ExecutionException e) {
      throw S3Refusal.rejected("the body could not be read: " + e.getCause());
    } catch (TimeoutException e) {
      throw new AssertionError("waits for ever", e);
    }
    if (!incoming.isComplete()) {
      throw S3Refusal.rejected("400 IncompleteBody: fewer bytes than announced");
    }
    return incoming.toBody();
  }

  private void pause(Duration time) throws InterruptedException {
    if (!time.isZero()) {
      execution.sleep(time);
    }
  }
}
