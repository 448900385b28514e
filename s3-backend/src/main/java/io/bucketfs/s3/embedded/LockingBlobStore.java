package io.bucketfs.s3.embedded;

import java.io.InputStream;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.gaul.s3proxy.S3ErrorCode;
import org.gaul.s3proxy.S3ProxyException;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.CopyObjectResponse;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Makes S3Proxy's folder behave like S3 where a gateway would notice.
 *
 * <p>One write of a key happens at a time: S3Proxy looks at the condition first and writes later,
 * so that several writers with the same condition would succeed. Keys share locks by their hash.
 *
 * <p>A body is written to a file beside its target, named after the key with a UUID, which S3Proxy
 * lists like an object. Such files are left out of listings.
 *
 * <p>A directory marker is listed with an entity tag, while PUT and HEAD tell none; here they do.
 */
final class LockingBlobStore extends ForwardingBlobStore {
  private static final int LOCKS = 256;

  /** The sum of no bytes. */
  private static final String EMPTY_TAG = "\"d41d8cd98f00b204e9800998ecf8427e\"";

  private static final Pattern UNFINISHED =
      Pattern.compile("(.*)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", Pattern.DOTALL);

  private final Lock[] locks = new Lock[LOCKS];
  private final Set<Name> written = ConcurrentHashMap.newKeySet();

  private record Name(String bucket, String key) {}

  LockingBlobStore(BlobStore delegate) {
    super(delegate);
    for (int i = 0; i < LOCKS; i++) {
      locks[i] = new ReentrantLock();
    }
  }

  @Override
  public PutObjectResponse putBlob(PutObjectRequest request, InputStream body) {
    return locked(
        request.bucket(),
        request.key(),
        () -> {
          requireCondition(request);
          return withTag(request, super.putBlob(request, body));
        });
  }

  /** S3Proxy did the same before, but without the lock. */
  private void requireCondition(PutObjectRequest request) {
    if (request.ifMatch() == null && request.ifNoneMatch() == null) {
      return;
    }
    var present = blobMetadataIfPresent(request.bucket(), request.key());
    var changed =
        request.ifMatch() != null
            && (present == null || !unquoted(request.ifMatch()).equals(unquoted(present.eTag())));
    if (changed || (request.ifNoneMatch() != null && present != null)) {
      throw new S3ProxyException(S3ErrorCode.PRECONDITION_FAILED);
    }
  }

  private static PutObjectResponse withTag(PutObjectRequest request, PutObjectResponse reply) {
    return reply.eTag() == null && request.key().endsWith("/")
        ? reply.toBuilder().eTag(EMPTY_TAG).build()
        : reply;
  }

  @Override
  public HeadObjectResponse blobMetadata(HeadObjectRequest request) {
    var reply = super.blobMetadata(request);
    return reply.eTag() == null && request.key().endsWith("/")
        ? reply.toBuilder().eTag(EMPTY_TAG).build()
        : reply;
  }

  private static String unquoted(String tag) {
    return tag.replace("\"", "");
  }

  @Override
  public CopyObjectResponse copyBlob(CopyObjectRequest request) {
    return locked(
        request.destinationBucket(), request.destinationKey(), () -> super.copyBlob(request));
  }

  @Override
  public DeleteObjectResponse removeBlob(DeleteObjectRequest request) {
    return locked(request.bucket(), request.key(), () -> super.removeBlob(request));
  }

  @Override
  public ListObjectsV2Response list(ListObjectsV2Request request) {
    var reply = super.list(request);
    if (reply.contents().stream().noneMatch(o -> isUnfinished(request.bucket(), o))) {
      return reply;
    }
    var finished =
        reply.contents().stream().filter(o -> !isUnfinished(request.bucket(), o)).toList();
    return reply.toBuilder().contents(finished).build();
  }

  private boolean isUnfinished(String bucket, S3Object listed) {
    if (listed.eTag() == null) {
      return true;
    }
    var matcher = UNFINISHED.matcher(listed.key());
    // Where nobody writes the key any more, the file has been renamed, or is an object after all.
    return matcher.matches()
        && (written.contains(new Name(bucket, matcher.group(1)))
            || !blobExists(bucket, listed.key()));
  }

  @Override
  public boolean supportsCopyMultipartPart() {
    return delegate().supportsCopyMultipartPart();
  }

  private <T> T locked(String bucket, String key, Supplier<T> write) {
    var name = new Name(bucket, key);
    var lock = locks[Math.floorMod(name.hashCode(), LOCKS)];
    lock.lock();
    try {
      written.add(name);
      return write.get();
    } finally {
      written.remove(name);
      lock.unlock();
    }
  }
}
