package io.bucketfs.core.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.bucketfs.core.object.MultipartStore.CopyPartRequest;
import io.bucketfs.core.object.MultipartStore.OpenUpload;
import io.bucketfs.core.object.MultipartStore.Part;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** What every store must do with objects that are written in parts. */
public abstract class MultipartContract extends ObjectStoreContract {
  private static final int PART_BYTES = 5 << 20;

  /** Whether the store verifies and tells CRC32C of parts. */
  protected boolean tellsChecksums() {
    return true;
  }

  /** Whether the store refuses parts of an upload that is gone. */
  protected boolean refusesPartsOfNoUpload() {
    return true;
  }

  private String key(String name) {
    return space() + name;
  }

  @Test
  void makesAnObjectOfParts() throws ObjectStoreException {
    var metadata = Map.of("file-owner", "7");
    var id = s3().createUpload(key("big"), metadata);
    var body = PatternBytes.of(1, 0, 2 * PART_BYTES + 1_000);
    var last = s3().uploadPart(key("big"), id, 3, range(body, 2 * PART_BYTES, body.length));
    var first = s3().uploadPart(key("big"), id, 1, range(body, 0, PART_BYTES));
    var second = s3().uploadPart(key("big"), id, 2, range(body, PART_BYTES, 2 * PART_BYTES));
    assertThat(s3().keys(space())).isEmpty();
    var parts = List.of(first, second, last);
    var version = s3().complete(key("big"), id, Condition.ABSENT, parts);
    assertThat(version.sizeBytes()).isEqualTo(body.length);
    var head = s3().head(key("big"));
    assertThat(head.version().mayEqual(version)).isTrue();
    assertThat(head.metadata()).isEqualTo(metadata);
    assertThat(head.contentType()).isEqualTo("text/x-odd");
    assertThat(s3().get(key("big"), version, 0, body.length)).isEqualTo(body);
    if (tellsChecksums()) {
      assertThat(last.checksum()).isEqualTo(checksum(range(body, 2 * PART_BYTES, body.length)));
    }
  }

  @Test
  void aPartThatIsSentAgainReplacesTheFirst() throws ObjectStoreException {
    var id = s3().createUpload(key("again"), Map.of());
    s3().uploadPart(key("again"), id, 1, bytes("one"));
    var part = s3().uploadPart(key("again"), id, 1, bytes("other"));
    s3().complete(key("again"), id, Condition.NONE, List.of(part));
    assertThat(s3().get(key("again"), null, 0, 5)).isEqualTo(bytes("other"));
  }

  @Test
  void anAbortedUploadIsGone() throws ObjectStoreException {
    var id = s3().createUpload(key("aborted"), Map.of());
    var part = s3().uploadPart(key("aborted"), id, 1, bytes("x"));
    s3().abort(key("aborted"), id);
    assertThat(s3().uploads(space())).isEmpty();
    if (refusesPartsOfNoUpload()) {
      refused(
          BackendFailure.Missing.class, () -> s3().uploadPart(key("aborted"), id, 2, bytes("y")));
    }
    refused(
        BackendFailure.Missing.class,
        () -> s3().complete(key("aborted"), id, Condition.NONE, List.of(part)));
    refused(BackendFailure.Missing.class, () -> s3().abort(key("aborted"), id));
    assertThat(s3().keys(space())).isEmpty();
  }

  @Test
  void anUploadIsCompletedOnce() throws ObjectStoreException {
    var id = s3().createUpload(key("once"), Map.of());
    var part = s3().uploadPart(key("once"), id, 1, bytes("x"));
    s3().complete(key("once"), id, Condition.NONE, List.of(part));
    assertThat(s3().uploads(space())).isEmpty();
    refused(BackendFailure.Missing.class, () -> s3().abort(key("once"), id));
    assertThat(s3().get(key("once"), null, 0, 1)).isEqualTo(bytes("x"));
  }

  @Test
  void listsOpenUploads() throws ObjectStoreException {
    var first = s3().createUpload(key("a"), Map.of());
    var second = s3().createUpload(key("b"), Map.of());
    s3().uploadPart(key("b"), second, 1, bytes("x"));
    assertThat(s3().uploads(space()))
        .containsExactlyInAnyOrder(
            new OpenUpload(key("a"), first), new OpenUpload(key("b"), second));
    s3().abort(key("a"), first);
    s3().abort(key("b"), second);
  }

  /** A refused completion leaves the upload as it was. */
  @Test
  void completesOnlyUnderItsCondition() throws ObjectStoreException {
    assumeTrue(traits().conditionalComplete());
    var stale = s3().put(key("c"), bytes("1"));
    var fresh = s3().put(key("c"), bytes("2"));
    var id = s3().createUpload(key("c"), Map.of());
    var part = s3().uploadPart(key("c"), id, 1, bytes("new"));
    refused(
        BackendFailure.Conflict.class,
        () -> s3().complete(key("c"), id, Condition.ABSENT, List.of(part)));
    refused(
        BackendFailure.Conflict.class,
        () -> s3().complete(key("c"), id, Condition.matches(stale), List.of(part)));
    assertThat(s3().get(key("c"), fresh, 0, 1)).isEqualTo(bytes("2"));
    s3().complete(key("c"), id, Condition.matches(fresh), List.of(part));
    assertThat(s3().get(key("c"), null, 0, 3)).isEqualTo(bytes("new"));
  }

  @Test
  void copiesRangesAsParts() throws ObjectStoreException {
    assumeTrue(traits().conditionalPartCopy());
    var body = PatternBytes.of(2, 0, PART_BYTES + 5_000);
    var source = s3().put(key("source"), body);
    var id = s3().createUpload(key("target"), Map.of());
    var first = copyPart(id, 1, source, 5_000, PART_BYTES);
    var second = s3().uploadPart(key("target"), id, 2, bytes("tail"));
    var version = s3().complete(key("target"), id, Condition.ABSENT, List.of(first, second));
    assertThat(version.sizeBytes()).isEqualTo(PART_BYTES + 4);
    assertThat(s3().get(key("target"), version, 0, PART_BYTES))
        .isEqualTo(range(body, 5_000, body.length));
    assertThat(s3().get(key("target"), version, PART_BYTES, 4)).isEqualTo(bytes("tail"));
  }

  @Test
  void copiesRangesOnlyOfTheVersionThatIsMeant() throws ObjectStoreException {
    assumeTrue(traits().conditionalPartCopy());
    var stale = s3().put(key("source"), bytes("11"));
    s3().put(key("source"), bytes("22"));
    assumeTrue(stale.versionId() == null, "an old version can be copied");
    var id = s3().createUpload(key("target"), Map.of());
    refused(BackendFailure.Conflict.class, () -> copyPart(id, 1, stale, 0, 1));
    s3().abort(key("target"), id);
  }

  private Part copyPart(String id, int number, ObjectVersion source, long offset, long count)
      throws ObjectStoreException {
    return s3().await(
            store()
                .copyPart(
                    new CopyPartRequest(
                        key("target"), id, number, key("source"), source, offset, count)));
  }

  private static byte[] range(byte[] bytes, int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }

  private static String checksum(byte[] bytes) {
    var sum = new CRC32C();
    sum.update(bytes);
    return Base64.getEncoder()
        .encodeToString(ByteBuffer.allocate(4).putInt((int) sum.getValue()).array());
  }
}
