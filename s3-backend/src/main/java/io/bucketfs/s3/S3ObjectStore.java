package io.bucketfs.s3;

import io.bucketfs.core.object.BackendFailure;
import io.bucketfs.core.object.BodySink;
import io.bucketfs.core.object.BodySource;
import io.bucketfs.core.object.Condition;
import io.bucketfs.core.object.ObjectHead;
import io.bucketfs.core.object.ObjectStore;
import io.bucketfs.core.object.ObjectStoreException;
import io.bucketfs.core.object.ObjectVersion;
import io.bucketfs.core.object.Placement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.services.s3.model.AbortMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.BucketAlreadyOwnedByYouException;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.CreateBucketRequest;
import software.amazon.awssdk.services.s3.model.CreateBucketResponse;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.Delete;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectsRequest;
import software.amazon.awssdk.services.s3.model.EncodingType;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectTaggingRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsRequest;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.MetadataDirective;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.UploadPartCopyRequest;
import software.amazon.awssdk.services.s3.model.UploadPartRequest;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/** One bucket through the SDK. Every request goes through {@link #send}. */
final class S3ObjectStore implements ObjectStore {
  /** What a store copies at least in a second; a copy sends no byte before it is done. */
  private static final long COPY_SPEEDUP = 64;

  private final String bucket;
  private final LazyClient client;
  private final SigningCredentials credentials;
  private final RequestMeters meters;
  private final S3Settings settings;
  private final Consumer<S3ObjectStore> onClose;
  private final Map<Object, CompletableFuture<?>> running = new ConcurrentHashMap<>();
  private volatile boolean closed;

  S3ObjectStore(
      String bucket,
      LazyClient client,
      SigningCredentials credentials,
      RequestMeters meters,
      S3Settings settings,
      Consumer<S3ObjectStore> onClose) {
    this.bucket = bucket;
    this.client = client;
    this.credentials = credentials;
    this.meters = meters;
    this.settings = settings;
    this.onClose = onClose;
  }

  @Override
  public CompletionStage<Listing> list(ListRequest request) {
    var sdkRequest =
        ListObjectsV2Request.builder()
            .bucket(bucket)
            .prefix(request.prefix().isEmpty() ? null : request.prefix())
            .delimiter(request.delimiter())
            .continuationToken(request.continuation())
            .maxKeys(request.maxKeys())
            // XML cannot carry every key; the SDK decodes what this encodes.
            .encodingType(EncodingType.URL)
            .build();
    return send(Operation.LIST, () -> client.get().listObjectsV2(sdkRequest), S3Replies::listing);
  }

  @Override
  public CompletionStage<ObjectHead> head(String key) {
    var sdkRequest = HeadObjectRequest.builder().bucket(bucket).key(key).build();
    return send(Operation.HEAD, () -> client.get().headObject(sdkRequest), S3Replies::head);
  }

  @Override
  public CompletionStage<ObjectHead> get(
      String key, @Nullable ObjectVersion version, long offset, long count, BodySink sink) {
    var sdkRequest =
        GetObjectRequest.builder()
            .bucket(bucket)
            .key(key)
            .range("bytes=%d-%d".formatted(offset, offset + count - 1))
            .overrideConfiguration(allowFor(count));
    if (version != null && version.versionId() != null) {
      sdkRequest.versionId(version.versionId());
    } else if (version != null) {
      sdkRequest.ifMatch(version.etag());
    }
    var transfer = new RangeTransfer(key, offset, count, sink, meters);
    return send(
        Operation.GET,
        () -> client.get().getObject(sdkRequest.build(), transfer),
        Function.identity());
  }

  @Override
  public CompletionStage<ObjectVersion> put(PutRequest request, BodySource body) {
    var sdkRequest =
        PutObjectRequest.builder()
            .bucket(bucket)
            .key(request.key())
            .metadata(request.metadata())
            .contentType(request.contentType())
            .contentLength(body.sizeBytes())
            .overrideConfiguration(allowFor(body.sizeBytes(), request.placement()));
    Placements.say(sdkRequest, request.placement());
    if (settings.checksummedUploads()) {
      sdkRequest.checksumAlgorithm(ChecksumAlgorithm.CRC32_C);
    }
    switch (request.condition()) {
      case Condition.None _ -> {}
      case Condition.Absent _ -> sdkRequest.ifNoneMatch("*");
      case Condition.Matches(var version) -> sdkRequest.ifMatch(version.etag());
    }
    var upload = new Upload(body, meters);
    return send(
        Operation.PUT,
        () -> upload.send(() -> client.get().putObject(sdkRequest.build(), upload)),
        (PutObjectResponse reply) -> S3Replies.stored(reply, upload));
  }

  @Override
  public CompletionStage<ObjectVersion> copy(CopyRequest request) {
    var source = request.sourceVersion();
    var sdkRequest =
        CopyObjectRequest.builder()
            .sourceBucket(bucket)
            .sourceKey(request.sourceKey())
            .sourceVersionId(source.versionId())
            .copySourceIfMatch(source.etag())
            .destinationBucket(bucket)
            .destinationKey(request.targetKey())
            .metadataDirective(MetadataDirective.REPLACE)
            .metadata(request.metadata())
            .contentType(request.contentType())
            .overrideConfiguration(
                allowFor(source.sizeBytes() / COPY_SPEEDUP, request.placement()));
    Placements.say(sdkRequest, request.placement());
    switch (request.targetCondition()) {
      case Condition.None _ -> {}
      case Condition.Absent _ -> sdkRequest.ifNoneMatch("*");
      case Condition.Matches(var version) -> sdkRequest.ifMatch(version.etag());
    }
    return send(
        Operation.COPY,
        () -> client.get().copyObject(sdkRequest.build()),
        reply -> S3Replies.copied(reply, source.sizeBytes()));
  }

  @Override
  public CompletionStage<Map<String, String>> tags(String key) {
    var sdkRequest = GetObjectTaggingRequest.builder().bucket(bucket).key(key).build();
    return send(Operation.TAGS, () -> client.get().getObjectTagging(sdkRequest), Placements::tags);
  }

  @Override
  public CompletionStage<Void> delete(String key, Condition condition) {
    var sdkRequest = DeleteObjectRequest.builder().bucket(bucket).key(key);
    switch (condition) {
      case Condition.None _ -> {}
      case Condition.Absent _ ->
          throw new IllegalArgumentException("there is nothing to delete where nothing may be");
      case Condition.Matches(var version) -> sdkRequest.ifMatch(version.etag());
    }
    return send(
        Operation.DELETE, () -> client.get().deleteObject(sdkRequest.build()), S3Replies::nothing);
  }

  @Override
  public CompletionStage<Map<String, BackendFailure>> deleteMany(List<Deletion> objects) {
    var keys =
        objects.stream()
            .map(object ->
                ObjectIdentifier.builder().key(object.key()).eTag(object.version().etag()).build())
            .toList();
    var sdkRequest =
        DeleteObjectsRequest.builder()
            .bucket(bucket)
            .delete(Delete.builder().objects(keys).quiet(true).build())
            .build();
    return send(
        Operation.DELETE_MANY, () -> client.get().deleteObjects(sdkRequest), S3Replies::notDeleted);
  }

  @Override
  public CompletionStage<String> createUpload(UploadRequest request) {
    var sdkRequest =
        CreateMultipartUploadRequest.builder()
            .bucket(bucket)
            .key(request.key())
            .metadata(request.metadata())
            .contentType(request.contentType())
            .overrideConfiguration(allowFor(0, request.placement()));
    Placements.say(sdkRequest, request.placement());
    if (settings.checksummedUploads()) {
      sdkRequest.checksumAlgorithm(ChecksumAlgorithm.CRC32_C);
    }
    return send(
        Operation.CREATE_UPLOAD,
        () -> client.get().createMultipartUpload(sdkRequest.build()),
        MultipartReplies::created);
  }

  @Override
  public CompletionStage<Part> uploadPart(
      String key, String uploadId, int number, BodySource body) {
    var sdkRequest =
        UploadPartRequest.builder()
            .bucket(bucket)
            .key(key)
            .uploadId(uploadId)
            .partNumber(number)
            .contentLength(body.sizeBytes())
            .overrideConfiguration(allowFor(body.sizeBytes()));
    if (settings.checksummedUploads()) {
      sdkRequest.checksumAlgorithm(ChecksumAlgorithm.CRC32_C);
    }
    var upload = new Upload(body, meters);
    return send(
        Operation.UPLOAD_PART,
        () -> upload.send(() -> client.get().uploadPart(sdkRequest.build(), upload)),
        (UploadPartResponse reply) -> MultipartReplies.sent(number, reply, upload));
  }

  @Override
  public CompletionStage<Part> copyPart(CopyPartRequest request) {
    var source = request.sourceVersion();
    var sdkRequest =
        UploadPartCopyRequest.builder()
            .sourceBucket(bucket)
            .sourceKey(request.sourceKey())
            .sourceVersionId(source.versionId())
            .copySourceIfMatch(source.etag())
            .copySourceRange(
                "bytes=%d-%d".formatted(request.offset(), request.offset() + request.count() - 1))
            .destinationBucket(bucket)
            .destinationKey(request.key())
            .uploadId(request.uploadId())
            .partNumber(request.number())
            .overrideConfiguration(allowFor(request.count() / COPY_SPEEDUP))
            .build();
    return send(
        Operation.COPY_PART,
        () -> client.get().uploadPartCopy(sdkRequest),
        reply -> MultipartReplies.copied(request, reply));
  }

  @Override
  public CompletionStage<ObjectVersion> completeUpload(CompleteRequest request) {
    var sdkRequest =
        CompleteMultipartUploadRequest.builder()
            .bucket(bucket)
            .key(request.key())
            .uploadId(request.uploadId())
            .multipartUpload(MultipartReplies.parts(request))
            .overrideConfiguration(allowFor(request.sizeBytes() / COPY_SPEEDUP));
    switch (request.condition()) {
      case Condition.None _ -> {}
      case Condition.Absent _ -> sdkRequest.ifNoneMatch("*");
      case Condition.Matches(var version) -> sdkRequest.ifMatch(version.etag());
    }
    return send(
        Operation.COMPLETE_UPLOAD,
        () -> client.get().completeMultipartUpload(sdkRequest.build()),
        reply -> MultipartReplies.completed(request, reply));
  }

  @Override
  public CompletionStage<Void> abortUpload(String key, String uploadId) {
    var sdkRequest =
        AbortMultipartUploadRequest.builder().bucket(bucket).key(key).uploadId(uploadId).build();
    return send(
        Operation.ABORT_UPLOAD,
        () -> client.get().abortMultipartUpload(sdkRequest),
        MultipartReplies::nothing);
  }

  @Override
  public CompletionStage<UploadListing> listUploads(ListUploadsRequest request) {
    var after = request.after();
    var sdkRequest =
        ListMultipartUploadsRequest.builder()
            .bucket(bucket)
            .prefix(request.prefix().isEmpty() ? null : request.prefix())
            .keyMarker(after == null ? null : after.key())
            .uploadIdMarker(after == null ? null : after.uploadId())
            .encodingType(EncodingType.URL)
            .build();
    return send(
        Operation.LIST_UPLOADS,
        () -> client.get().listMultipartUploads(sdkRequest),
        MultipartReplies::listing);
  }

  private AwsRequestOverrideConfiguration allowFor(long bytes) {
    return allowFor(bytes, Placement.NONE);
  }

  private AwsRequestOverrideConfiguration allowFor(long bytes, Placement placement) {
    var allowed =
        AwsRequestOverrideConfiguration.builder().apiCallTimeout(settings.requestMax(bytes));
    var expires = placement.headers().expires();
    return expires == null ? allowed.build() : allowed.putHeader("Expires", expires).build();
  }

  /** Sends, counts and times a request, and turns its reply or failure into the port's. */
  private <R, T> CompletionStage<T> send(
      Operation operation, Supplier<CompletableFuture<R>> request, Function<R, T> reply) {
    if (closed) {
      return CompletableFuture.failedFuture(closedFailure());
    }
    var start = System.nanoTime();
    var token = new Object();
    var result = new CompletableFuture<T>();
    var sent = begin(request);
    running.put(token, result);
    var _ =
        sent.whenComplete((value, thrown) -> {
          running.remove(token);
          finish(operation, start, result, reply, value, thrown);
        });
    var _ =
        result.whenComplete((_, thrown) -> {
          // Cancelled by the caller or by close: the connection is given up.
          if (thrown != null && !sent.isDone()) {
            sent.cancel(true);
          }
        });
    if (closed) {
      result.completeExceptionally(closedFailure());
    }
    return result;
  }

  private static <R> CompletableFuture<R> begin(Supplier<CompletableFuture<R>> request) {
    try {
      return request.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private <R, T> void finish(
      Operation operation,
      long start,
      CompletableFuture<T> result,
      Function<R, T> reply,
      @Nullable R value,
      @Nullable Throwable thrown) {
    T answer = null;
    var failure = thrown;
    if (value != null && failure == null) {
      try {
        answer = reply.apply(value);
      } catch (RuntimeException e) {
        failure = e;
      }
    }
    var nanos = System.nanoTime() - start;
    if (failure == null) {
      meters.ended(operation, Outcome.OK, nanos);
      result.complete(answer);
    } else {
      var exception = S3Failures.exceptionOf(failure);
      meters.ended(operation, Outcome.of(exception.failure()), nanos);
      result.completeExceptionally(exception);
    }
  }

  @Override
  public CompletionStage<Void> createBucket() {
    // The SDK adds the region where it has to be said.
    var sdkRequest = CreateBucketRequest.builder().bucket(bucket).build();
    return send(
        Operation.CREATE_BUCKET,
        () -> client.get().createBucket(sdkRequest).exceptionally(S3ObjectStore::existing),
        S3Replies::nothing);
  }

  /** A bucket that is ours already is as good as one that was made. */
  private static CreateBucketResponse existing(Throwable failure) {
    var cause = failure instanceof CompletionException ? failure.getCause() : failure;
    if (cause instanceof BucketAlreadyOwnedByYouException) {
      return CreateBucketResponse.builder().build();
    }
    throw new CompletionException(cause);
  }

  @Override
  public void close() {
    closed = true;
    onClose.accept(this);
    running.values().forEach(result -> result.completeExceptionally(closedFailure()));
    client.close();
    credentials.close();
  }

  private static ObjectStoreException closedFailure() {
    return new ObjectStoreException(new BackendFailure.Unreachable("the store is closed"));
  }
}
