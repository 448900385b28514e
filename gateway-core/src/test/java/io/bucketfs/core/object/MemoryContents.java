package io.bucketfs.core.object;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The objects of a bucket in memory and what S3 does with them, each request atomic, without
 * threads, delays or faults. Conditions compare entity tags only, as S3 does.
 */
final class MemoryContents {
  private static final int KEY_BYTES_MAX = 1_024;
  private static final int METADATA_BYTES_MAX = 2_048;

  /** What one PUT or copy may carry; larger objects come in parts. */
  static final long REQUEST_BYTES_MAX = 5L << 30;

  private final InstantSource clock;
  private final boolean versioned;
  private final ReentrantLock lock = new ReentrantLock();

  /** Versions of each key, the latest at the end; a key without versions is not there. */
  @GuardedBy("lock")
  private final NavigableMap<String, List<StoredObject>> objects = new TreeMap<>(KeyOrder.INSTANCE);

  @GuardedBy("lock")
  private long versionsMade;

  private volatile StoreTraits traits;

  MemoryContents(InstantSource clock, boolean versioned, StoreTraits traits) {
    this.clock = clock;
    this.versioned = versioned;
    this.traits = traits;
  }

  void honour(StoreTraits newTraits) {
    traits = newTraits;
  }

  StoreTraits traits() {
    return traits;
  }

  /** The object that a HEAD or GET would find. */
  StoredObject find(String key, @Nullable ObjectVersion wanted) throws ObjectStoreException {
    lock.lock();
    try {
      if (wanted != null && wanted.versionId() != null) {
        return findVersion(key, wanted.versionId());
      }
      var found = latest(key);
      if (found == null) {
        throw S3Refusal.noSuchKey(key);
      }
      if (wanted != null && !found.etag().equals(wanted.etag())) {
        throw S3Refusal.preconditionFailed(key);
      }
      return found;
    } finally {
      lock.unlock();
    }
  }

  StoredObject put(ObjectStore.PutRequest request, MemoryBody body) throws ObjectStoreException {
    requireKey(request.key());
    var metadata = requireMetadata(request.metadata());
    var etag = body.etag();
    lock.lock();
    try {
      if (traits.conditionalPut()) {
        require(request.key(), request.condition());
      }
      var placement = request.placement();
      return store(
          request.key(), body, etag, metadata, request.contentType(), placement, placement.tags());
    } finally {
      lock.unlock();
    }
  }

  /** Whether a PUT would take them. */
  void requirePlain(String key, Map<String, String> metadata) throws ObjectStoreException {
    requireKey(key);
    requireMetadata(metadata);
  }

  /** Makes the object of an upload. */
  StoredObject complete(MultipartStore.UploadRequest upload, Condition condition, MemoryBody body)
      throws ObjectStoreException {
    var metadata = requireMetadata(upload.metadata());
    var etag = body.etag();
    lock.lock();
    try {
      if (traits.conditionalComplete()) {
        require(upload.key(), condition);
      }
      var placement = upload.placement();
      return store(
          upload.key(), body, etag, metadata, upload.contentType(), placement, placement.tags());
    } finally {
      lock.unlock();
    }
  }

  StoredObject copy(ObjectStore.CopyRequest request) throws ObjectStoreException {
    requireKey(request.targetKey());
    var metadata = requireMetadata(request.metadata());
    lock.lock();
    try {
      var wanted = request.sourceVersion();
      var source =
          wanted.versionId() != null
              ? findVersion(request.sourceKey(), wanted.versionId())
              : latest(request.sourceKey());
      if (source == null) {
        throw S3Refusal.noSuchKey(request.sourceKey());
      }
      if (traits.conditionalCopySource() && !source.etag().equals(wanted.etag())) {
        throw S3Refusal.preconditionFailed(request.sourceKey());
      }
      if (traits.conditionalCopyTarget()) {
        require(request.targetKey(), request.targetCondition());
      }
      if (source.isArchived()) {
        throw S3Refusal.archived(request.sourceKey());
      }
      if (source.body().sizeBytes() > REQUEST_BYTES_MAX) {
        throw S3Refusal.rejected("400 InvalidRequest: The source is larger than 5 GiB");
      }
      return store(
          request.targetKey(),
          source.body(),
          source.etag(),
          metadata,
          request.contentType(),
          request.placement(),
          source.tags());
    } finally {
      lock.unlock();
    }
  }

  void delete(String key, Condition condition) throws ObjectStoreException {
    lock.lock();
    try {
      if (condition instanceof Condition.Absent) {
        throw S3Refusal.rejected("501 NotImplemented: If-None-Match does not go with DELETE");
      }
      if (traits.conditionalDelete()) {
        require(key, condition);
      }
      remove(key);
    } finally {
      lock.unlock();
    }
  }

  /** Deletes one of the keys of DeleteObjects. */
  void deleteOfMany(ObjectStore.Deletion object) throws ObjectStoreException {
    lock.lock();
    try {
      if (traits.conditionalDeleteMany()) {
        require(object.key(), Condition.matches(object.version()));
      }
      remove(object.key());
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void remove(String key) {
    if (versioned) {
      var nothing = new MemoryBody.Bytes(new byte[0]);
      append(
          key,
          new StoredObject(
              nothing, "", now(), nextId(), Map.of(), null, ObjectHeaders.NONE, Map.of(), true));
    } else {
      objects.remove(key);
    }
  }

  ObjectStore.Listing list(ObjectStore.ListRequest request) throws ObjectStoreException {
    if (request.maxKeys() < 1 || request.maxKeys() > 1_000) {
      throw S3Refusal.rejected("400 InvalidArgument: max-keys is not between 1 and 1000");
    }
    lock.lock();
    try {
      return new ListingPage(request).of(objects);
    } finally {
      lock.unlock();
    }
  }

  /** All keys that have an object, in order. */
  List<String> keys() {
    lock.lock();
    try {
      var keys = new ArrayList<String>();
      objects.forEach((key, versions) -> {
        if (!versions.getLast().deleteMarker()) {
          keys.add(key);
        }
      });
      return keys;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void require(String key, Condition condition) throws ObjectStoreException {
    var present = latest(key);
    switch (condition) {
      case Condition.None _ -> {}
      case Condition.Absent _ -> {
        if (present != null) {
          throw S3Refusal.preconditionFailed(key);
        }
      }
      case Condition.Matches(var version) -> {
        if (present == null) {
          throw S3Refusal.noSuchKey(key);
        }
        if (!present.etag().equals(version.etag())) {
          throw S3Refusal.preconditionFailed(key);
        }
      }
    }
  }

  @GuardedBy("lock")
  private StoredObject store(
      String key,
      MemoryBody body,
      String etag,
      Map<String, String> metadata,
      @Nullable String contentType,
      Placement placement,
      Map<String, String> tags) {
    var said = placement.headers();
    var headers =
        new ObjectHeaders(
            said.cacheControl(),
            said.contentDisposition(),
            said.contentEncoding(),
            said.contentLanguage(),
            said.expires(),
            said.storageClass(),
            !tags.isEmpty());
    var type = contentType != null ? contentType : "binary/octet-stream";
    var id = versioned ? nextId() : null;
    var stored = new StoredObject(body, etag, now(), id, metadata, type, headers, tags, false);
    if (versioned) {
      append(key, stored);
    } else {
      objects.put(key, List.of(stored));
    }
    return stored;
  }

  @GuardedBy("lock")
  private void append(String key, StoredObject version) {
    objects.computeIfAbsent(key, _ -> new ArrayList<>()).add(version);
  }

  @GuardedBy("lock")
  private @Nullable StoredObject latest(String key) {
    var versions = objects.get(key);
    if (versions == null || versions.getLast().deleteMarker()) {
      return null;
    }
    return versions.getLast();
  }

  @GuardedBy("lock")
  private StoredObject findVersion(String key, String id) throws ObjectStoreException {
    for (var version : objects.getOrDefault(key, List.of())) {
      if (id.equals(version.versionId()) && !version.deleteMarker()) {
        return version;
      }
    }
    throw S3Refusal.noSuchVersion(key);
  }

  @GuardedBy("lock")
  private String nextId() {
    return "v%08d".formatted(++versionsMade);
  }

  /** S3 keeps whole seconds. */
  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS);
  }

  private static void requireKey(String key) throws ObjectStoreException {
    if (key.isEmpty()) {
      throw S3Refusal.rejected("400 InvalidRequest: The key is empty");
    }
    if (key.getBytes(StandardCharsets.UTF_8).length > KEY_BYTES_MAX) {
      throw S3Refusal.rejected("400 KeyTooLongError: Your key is too long");
    }
  }

  private static Map<String, String> requireMetadata(Map<String, String> metadata)
      throws ObjectStoreException {
    var bytes = 0;
    var trimmed = new HashMap<String, String>();
    for (var entry : metadata.entrySet()) {
      var name = entry.getKey();
      var value = entry.getValue();
      bytes += name.length() + value.length();
      if (!name.chars().allMatch(c -> c > ' ' && c < 0x7f && (c < 'A' || c > 'Z'))
          || !value.chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
        throw S3Refusal.rejected(
            "400 InvalidArgument: metadata that is no plain header: " + name + "=" + value);
      }
      // As HTTP does with blanks around a header's value.
      trimmed.put(name, value.strip());
    }
    if (bytes > METADATA_BYTES_MAX) {
      throw S3Refusal.rejected(
          "400 MetadataTooLarge: Your metadata headers exceed the maximum allowed size");
    }
    return Map.copyOf(trimmed);
  }
}
