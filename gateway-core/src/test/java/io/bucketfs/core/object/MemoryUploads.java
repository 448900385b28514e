package io.bucketfs.core.object;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.core.object.MultipartStore.CompleteRequest;
import io.bucketfs.core.object.MultipartStore.CopyPartRequest;
import io.bucketfs.core.object.MultipartStore.ListUploadsRequest;
import io.bucketfs.core.object.MultipartStore.OpenUpload;
import io.bucketfs.core.object.MultipartStore.Part;
import io.bucketfs.core.object.MultipartStore.UploadListing;
import io.bucketfs.core.object.MultipartStore.UploadRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The multipart uploads of a bucket in memory, each request atomic. An upload is gone once it is
 * completed: to complete it again is refused, which is the harder of what stores do.
 */
final class MemoryUploads {
  private static final int PAGE = 1_000;

  private static final class Upload {
    final UploadRequest request;
    final NavigableMap<Integer, MemoryBody> parts = new TreeMap<>();

    Upload(UploadRequest request) {
      this.request = request;
    }
  }

  private final MemoryContents contents;
  private final long partBytesMin;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final NavigableMap<String, Upload> uploads = new TreeMap<>();

  @GuardedBy("lock")
  private long uploadsMade;

  MemoryUploads(MemoryContents contents, long partBytesMin) {
    this.contents = contents;
    this.partBytesMin = partBytesMin;
  }

  String create(UploadRequest request) throws ObjectStoreException {
    contents.requirePlain(request.key(), request.metadata());
    lock.lock();
    try {
      var id = "u%08d".formatted(++uploadsMade);
      uploads.put(id, new Upload(request));
      return id;
    } finally {
      lock.unlock();
    }
  }

  Part put(String key, String id, int number, MemoryBody body, @Nullable String checksum)
      throws ObjectStoreException {
    if (number < 1 || number > MultipartStore.PARTS_MAX) {
      throw S3Refusal.rejected("400 InvalidArgument: Part number must be between 1 and 10000");
    }
    var etag = body.etag();
    lock.lock();
    try {
      find(key, id).parts.put(number, body);
      return new Part(number, etag, checksum, body.sizeBytes());
    } finally {
      lock.unlock();
    }
  }

  Part copy(CopyPartRequest request) throws ObjectStoreException {
    if (!contents.traits().conditionalPartCopy()) {
      throw S3Refusal.rejected("501 NotImplemented: UploadPartCopy is not known here");
    }
    var source = contents.find(request.sourceKey(), request.sourceVersion());
    if (source.isArchived()) {
      throw S3Refusal.archived(request.sourceKey());
    }
    if (request.count() < 1
        || request.count() > MemoryContents.REQUEST_BYTES_MAX
        || request.offset() < 0
        || request.count() > source.body().sizeBytes() - request.offset()) {
      throw S3Refusal.rejected("400 InvalidArgument: The range is not inside of the source");
    }
    var range = MemoryBody.Slice.of(source.body(), request.offset(), request.count());
    return put(request.key(), request.uploadId(), request.number(), range, null);
  }

  StoredObject complete(CompleteRequest request) throws ObjectStoreException {
    lock.lock();
    try {
      var upload = find(request.key(), request.uploadId());
      var bodies = new ArrayList<MemoryBody>();
      var before = 0;
      for (var part : request.parts()) {
        var body = upload.parts.get(part.number());
        if (part.number() <= before) {
          throw S3Refusal.rejected("400 InvalidPartOrder: Parts must be in ascending order");
        }
        if (body == null || !body.etag().equals(part.etag())) {
          throw S3Refusal.rejected("400 InvalidPart: There is no such part " + part.number());
        }
        before = part.number();
        bodies.add(body);
      }
      if (bodies.isEmpty()) {
        throw S3Refusal.rejected("400 MalformedXML: There is no part");
      }
      for (var body : bodies.subList(0, bodies.size() - 1)) {
        if (body.sizeBytes() < partBytesMin) {
          throw S3Refusal.rejected("400 EntityTooSmall: A part is smaller than it may be");
        }
      }
      var whole = MemoryBody.Joined.of(List.copyOf(bodies));
      var stored = contents.complete(upload.request, request.condition(), whole);
      uploads.remove(request.uploadId());
      return stored;
    } finally {
      lock.unlock();
    }
  }

  void abort(String key, String id) throws ObjectStoreException {
    lock.lock();
    try {
      find(key, id);
      uploads.remove(id);
    } finally {
      lock.unlock();
    }
  }

  UploadListing list(ListUploadsRequest request) {
    var after = request.after();
    var found =
        all().stream()
            .filter(upload -> upload.key().startsWith(request.prefix()))
            .filter(upload -> after == null || compare(upload, after) > 0)
            .toList();
    return found.size() <= PAGE
        ? new UploadListing(found, null)
        : new UploadListing(found.subList(0, PAGE), found.get(PAGE - 1));
  }

  /** All uploads in order of key and age. */
  List<OpenUpload> all() {
    lock.lock();
    try {
      var found = new ArrayList<OpenUpload>();
      uploads.forEach((id, upload) -> found.add(new OpenUpload(upload.request.key(), id)));
      found.sort(MemoryUploads::compare);
      return found;
    } finally {
      lock.unlock();
    }
  }

  /** Uploads that hold bytes. */
  List<OpenUpload> withParts() {
    lock.lock();
    try {
      var full = new HashSet<String>();
      uploads.forEach((id, upload) -> {
        if (!upload.parts.isEmpty()) {
          full.add(id);
        }
      });
      return all().stream().filter(upload -> full.contains(upload.uploadId())).toList();
    } finally {
      lock.unlock();
    }
  }

  private static int compare(OpenUpload one, OpenUpload other) {
    var byKey = KeyOrder.INSTANCE.compare(one.key(), other.key());
    return byKey != 0 ? byKey : one.uploadId().compareTo(other.uploadId());
  }

  @GuardedBy("lock")
  private Upload find(String key, String id) throws ObjectStoreException {
    var found = uploads.get(id);
    if (found == null || !found.request.key().equals(key)) {
      throw S3Refusal.noSuchUpload(id);
    }
    return found;
  }
}
