package io.bucketfs.core.object;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.bucketfs.core.object.ObjectStore.Deletion;
import io.bucketfs.core.object.ObjectStore.Entry;
import io.bucketfs.core.object.ObjectStore.PutRequest;
import io.bucketfs.core.runtime.Execution;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store must do. A subclass names the store; each test has key space of its own. */
public abstract class ObjectStoreContract {
  private static final AtomicInteger SPACES = new AtomicInteger();
  private static final int LARGE_BYTES = 64 << 20;

  private String space = "";

  /** The store under test, one for all tests of the class. */
  protected abstract ObjectStore store();

  /** What the tests wait with. */
  protected abstract Execution execution();

  /** Which conditions the store honours; tests of the others are skipped. */
  protected StoreTraits traits() {
    return StoreTraits.FULL;
  }

  /** Whether keys are listed in the order of their bytes, and not of UTF-16. */
  protected boolean listsInOrderOfUtf8() {
    return true;
  }

  /** Whether common prefixes count for the length of a page. */
  protected boolean pagesHoldPrefixes() {
    return true;
  }

  /** Whether the store takes any key, or only such as are file names of the machine below it. */
  protected boolean takesAnyKey() {
    return true;
  }

  @BeforeEach
  void takeSpace() {
    space = "contract-" + SPACES.incrementAndGet() + "/";
  }

  /** What the keys of the running test begin with. */
  protected String space() {
    return space;
  }

  protected StoreCalls s3() {
    return new StoreCalls(store(), execution());
  }

  @Test
  void givesBackWhatWasPut() throws ObjectStoreException {
    var metadata = Map.of("file-owner", "1000", "file-mtime", "1700000000000000000ns");
    var put = s3().put(space + "a", bytes("hello"), Condition.NONE, metadata);
    assertThat(s3().get(space + "a", put, 0, 5)).isEqualTo(bytes("hello"));
    var head = s3().head(space + "a");
    assertThat(head.metadata()).isEqualTo(metadata);
    assertThat(head.version().sizeBytes()).isEqualTo(5);
    assertThat(head.version().lastModified()).isNotNull();
    assertThat(head.version().mayEqual(put)).isTrue();
    assertThat(put.etag()).isEqualTo("\"5d41402abc4b2a76b9719d911017c592\"");
  }

  @Test
  void keepsTheContentType() throws ObjectStoreException {
    var request = new PutRequest(space + "t", Condition.NONE, Map.of(), "text/x-odd");
    s3().await(store().put(request, new ByteArrayBody(bytes("x"))));
    assertThat(s3().head(space + "t").contentType()).isEqualTo("text/x-odd");
  }

  @Test
  void keepsEmptyObjects() throws ObjectStoreException {
    s3().put(space + "empty", new byte[0]);
    assertThat(s3().head(space + "empty").version().sizeBytes()).isZero();
    assertThat(s3().keys(space)).containsExactly(space + "empty");
  }

  @Test
  void keepsDirectoryMarkers() throws ObjectStoreException {
    var metadata = Map.of("file-permissions", "0040750");
    s3().put(space + "d/", new byte[0], Condition.NONE, metadata);
    assertThat(s3().listAll(space, "/", 10).commonPrefixes()).containsExactly(space + "d/");
    s3().put(space + "d/x", bytes("x"));
    assertThat(s3().keys(space)).containsExactly(space + "d/", space + "d/x");
    var listed = s3().listAll(space + "d/", "/", 10).entries();
    assertThat(listed.stream().map(Entry::key)).containsExactly(space + "d/", space + "d/x");
    var head = s3().head(space + "d/");
    assertThat(head.metadata()).isEqualTo(metadata);
    assertThat(head.version().mayEqual(listed.getFirst().version())).isTrue();
    s3().delete(space + "d/x", Condition.NONE);
    assertThat(s3().keys(space)).containsExactly(space + "d/");
    s3().copy(space + "d/", head.version(), space + "e/", Condition.NONE, Map.of("k", "v"));
    assertThat(s3().head(space + "e/").metadata()).isEqualTo(Map.of("k", "v"));
    s3().delete(space + "d/", Condition.matches(head.version()));
    s3().delete(space + "e/", Condition.NONE);
    assertThat(s3().keys(space)).isEmpty();
  }

  @Test
  void deletesManyEachOnItsCondition() throws ObjectStoreException {
    assumeTrue(traits().conditionalDeleteMany());
    var objects = new ArrayList<Deletion>();
    for (var name : List.of("a", "b & c", "d<e>\"f'", "\u00e4\ud83d\ude00")) {
      objects.add(new Deletion(space + name, s3().put(space + name, bytes(name))));
    }
    s3().put(space + "b & c", bytes("changed"));
    var failures = s3().deleteMany(objects);
    assertThat(s3().keys(space)).containsExactly(space + "b & c");
    assertThat(failures).containsOnlyKeys(space + "b & c");
    assertThat(failures.get(space + "b & c")).isInstanceOf(BackendFailure.Conflict.class);
    // What is gone already is no failure, or is said to be missing.
    assertThat(s3().deleteMany(objects.subList(0, 1)).values())
        .allMatch(failure -> failure instanceof BackendFailure.Missing);
  }

  @Test
  void readsRanges() throws ObjectStoreException {
    var body = PatternBytes.of(1, 0, 300_000);
    var version = s3().put(space + "r", body);
    assertThat(s3().get(space + "r", version, 0, 1)).isEqualTo(PatternBytes.of(1, 0, 1));
    assertThat(s3().get(space + "r", version, 299_999, 1))
        .isEqualTo(PatternBytes.of(1, 299_999, 1));
    assertThat(s3().get(space + "r", null, 123_457, 100_001))
        .isEqualTo(PatternBytes.of(1, 123_457, 100_001));
  }

  @Test
  void tellsTheWholeObjectsVersionWithARange() throws ObjectStoreException {
    s3().put(space + "r", new byte[1000], Condition.NONE, Map.of("k", "v"));
    var sink = new CollectingSink();
    var returned = s3().await(store().get(space + "r", null, 10, 20, sink));
    assertThat(sink.head()).isEqualTo(returned);
    assertThat(returned.version()).isEqualTo(s3().head(space + "r").version());
    assertThat(returned.metadata()).isEqualTo(Map.of("k", "v"));
  }

  @Test
  void refusesRangesOutsideOfTheObject() throws ObjectStoreException {
    s3().put(space + "r", new byte[10]);
    refused(BackendFailure.Rejected.class, () -> s3().get(space + "r", null, 10, 1));
    refused(BackendFailure.Rejected.class, () -> s3().get(space + "r", null, 5, 6));
  }

  @Test
  void missesWhatIsNotThere() throws ObjectStoreException {
    var version = s3().put(space + "there", bytes("x"));
    refused(BackendFailure.Missing.class, () -> s3().head(space + "no"));
    refused(BackendFailure.Missing.class, () -> s3().get(space + "no", null, 0, 1));
    refused(
        BackendFailure.Missing.class,
        () -> s3().copy(space + "no", version, space + "to", Condition.NONE, Map.of()));
    s3().delete(space + "no", Condition.NONE);
  }

  @Test
  void carriesLargeBodies() throws ObjectStoreException {
    var body = PatternBytes.of(7, 0, LARGE_BYTES);
    var version = s3().put(space + "large", body);
    assertThat(version.sizeBytes()).isEqualTo(LARGE_BYTES);
    assertThat(s3().get(space + "large", version, 0, LARGE_BYTES)).isEqualTo(body);
  }

  @Test
  void takesABodyInOddParts() throws ObjectStoreException {
    var body = PatternBytes.of(3, 0, 200_003);
    var request = new PutRequest(space + "odd", Condition.NONE, Map.of(), null);
    s3().await(store().put(request, new ByteArrayBody(body, 7_919)));
    assertThat(s3().get(space + "odd", null, 0, body.length)).isEqualTo(body);
  }

  @Test
  void aBodyThatFailsLeavesNoObject() throws ObjectStoreException {
    var request = new PutRequest(space + "broken", Condition.NONE, Map.of(), null);
    var body = new FailingBody();
    refused(BackendFailure.Rejected.class, () -> s3().await(store().put(request, body)));
    assertThat(s3().keys(space)).isEmpty();
    assertThat(body.opened.get()).isEqualTo(body.closed.get());
  }

  @Test
  void listsInPagesWithoutLossOrRepetition() throws ObjectStoreException {
    var keys = new ArrayList<String>();
    for (int i = 0; i < 25; i++) {
      keys.add(space + "k%02d".formatted(i));
      s3().put(keys.getLast(), bytes("x"));
    }
    for (var maxKeys : List.of(1, 7, 25, 1_000)) {
      var listing = s3().listAll(space, null, maxKeys);
      assertThat(listing.entries().stream().map(Entry::key).toList()).isEqualTo(keys);
    }
  }

  @Test
  void foldsKeysIntoCommonPrefixes() throws ObjectStoreException {
    for (var key : List.of("a", "b/1", "b/2", "b/c/3", "d", "e/4")) {
      s3().put(space + key, bytes("x"));
    }
    for (var maxKeys : List.of(1, 2, 3, 1_000)) {
      var listing = s3().listAll(space, "/", maxKeys);
      if (pagesHoldPrefixes()) {
        var page = s3().listPage(space, "/", maxKeys);
        assertThat(page.entries().size() + page.commonPrefixes().size())
            .isEqualTo(Math.min(maxKeys, 4));
      }
      assertThat(listing.entries().stream().map(Entry::key))
          .containsExactly(space + "a", space + "d");
      // Where they do not count, each page may have them all.
      assertThat(listing.commonPrefixes().stream().distinct())
          .containsExactly(space + "b/", space + "e/");
      if (pagesHoldPrefixes()) {
        assertThat(listing.commonPrefixes()).doesNotHaveDuplicates();
      }
    }
    assertThat(s3().listAll(space + "b/", "/", 10).commonPrefixes())
        .containsExactly(space + "b/c/");
  }

  @Test
  void listsTheVersionThatHeadTells() throws ObjectStoreException {
    s3().put(space + "v", bytes("content"));
    var listed = s3().listAll(space, null, 10).entries().getFirst().version();
    assertThat(listed.mayEqual(s3().head(space + "v").version())).isTrue();
    assertThat(listed.lastModified()).isEqualTo(s3().head(space + "v").version().lastModified());
  }

  @Test
  void keepsOddKeysApart() throws ObjectStoreException {
    var names =
        new ArrayList<>(
            List.of(
                "with space",
                "plus+plus",
                "per%cent",
                "%2F",
                "a&b=c",
                "ä",
                "a\u0308",
                "日本語",
                "😀",
                "~tilde",
                "semi;colon",
                "quest?ion",
                "hash#tag",
                "q'uote\"s",
                "back`tick",
                "[x]{y}",
                "a:b@c!$,*()"));
    if (takesAnyKey()) {
      names.addAll(List.of("a//b", "a/./b", "a/../b", "tab\there", "line\nbreak", "trail/ ", "/"));
      names.add("x".repeat(900));
    }
    for (var name : names) {
      s3().put(space + name, bytes(name));
    }
    assertThat(s3().keys(space))
        .containsExactlyInAnyOrderElementsOf(names.stream().map(name -> space + name).toList());
    for (var name : names) {
      var key = space + name;
      var version = s3().head(key).version();
      assertThat(s3().get(key, version, 0, bytes(name).length)).as(name).isEqualTo(bytes(name));
      var copy = s3().copy(key, version, key + "2", Condition.NONE, Map.of());
      assertThat(copy.etag()).as(name).isEqualTo(version.etag());
      s3().delete(key, Condition.NONE);
      s3().delete(key + "2", Condition.NONE);
    }
    assertThat(s3().keys(space)).isEmpty();
  }

  @Test
  void listsInTheOrderOfUtf8() throws ObjectStoreException {
    var names = List.of("A", "a", "a b", "a/b", "a0", "z", "ä", "\uffee", "😀");
    assumeTrue(takesAnyKey(), "a store on a folder has no a beside a/b");
    assumeTrue(listsInOrderOfUtf8(), "the store lists in another order");
    for (var name : names.reversed()) {
      s3().put(space + name, bytes("x"));
    }
    assertThat(s3().keys(space))
        .isEqualTo(names.stream().sorted(KeyOrder.INSTANCE).map(n -> space + n).toList());
  }

  @Test
  void putsOnlyUnderItsCondition() throws ObjectStoreException {
    assumeTrue(traits().conditionalPut());
    var key = space + "c";
    var first = s3().put(key, bytes("1"), Condition.ABSENT, Map.of());
    refusedPut(key, Condition.ABSENT);
    var second = s3().put(key, bytes("2"), Condition.matches(first), Map.of());
    refusedPut(key, Condition.matches(first));
    assertThat(s3().get(key, second, 0, 1)).isEqualTo(bytes("2"));
    refused(
        BackendFailure.class,
        () -> s3().put(space + "none", bytes("3"), Condition.matches(first), Map.of()));
  }

  private void refusedPut(String key, Condition condition) {
    refused(BackendFailure.Conflict.class, () -> s3().put(key, bytes("no"), condition, Map.of()));
  }

  @Test
  void readsOnlyTheVersionAskedFor() throws ObjectStoreException {
    var key = space + "g";
    var first = s3().put(key, bytes("1"));
    var second = s3().put(key, bytes("2"));
    assertThat(s3().get(key, second, 0, 1)).isEqualTo(bytes("2"));
    if (first.versionId() == null) {
      refused(BackendFailure.Conflict.class, () -> s3().get(key, first, 0, 1));
    } else {
      assertThat(s3().get(key, first, 0, 1)).isEqualTo(bytes("1"));
    }
  }

  @Test
  void copiesWithNewMetadata() throws ObjectStoreException {
    var source = s3().put(space + "from", bytes("body"), Condition.NONE, Map.of("old", "1"));
    var copied =
        s3().copy(space + "from", source, space + "to", Condition.NONE, Map.of("new", "2"));
    assertThat(s3().head(space + "to").metadata()).isEqualTo(Map.of("new", "2"));
    assertThat(s3().get(space + "to", copied, 0, 4)).isEqualTo(bytes("body"));
    assertThat(s3().head(space + "from").metadata()).isEqualTo(Map.of("old", "1"));
  }

  @Test
  void copiesOntoItself() throws ObjectStoreException {
    var version = s3().put(space + "self", bytes("body"), Condition.NONE, Map.of("old", "1"));
    var key = space + "self";
    var copied = s3().copy(key, version, key, Condition.NONE, Map.of("new", "2"));
    assertThat(copied.etag()).isEqualTo(version.etag());
    assertThat(s3().head(key).metadata()).isEqualTo(Map.of("new", "2"));
  }

  @Test
  void copiesOnlyUnderTheSourcesCondition() throws ObjectStoreException {
    assumeTrue(traits().conditionalCopySource());
    var stale = s3().put(space + "from", bytes("1"));
    var fresh = s3().put(space + "from", bytes("2"));
    assumeTrue(stale.versionId() == null, "an old version can be copied");
    refused(
        BackendFailure.Conflict.class,
        () -> s3().copy(space + "from", stale, space + "to", Condition.NONE, Map.of()));
    s3().copy(space + "from", fresh, space + "to", Condition.NONE, Map.of());
  }

  @Test
  void copiesOnlyUnderTheTargetsCondition() throws ObjectStoreException {
    assumeTrue(traits().conditionalCopyTarget(), "the store ignores the target's condition");
    var source = s3().put(space + "from", bytes("1"));
    var target = s3().put(space + "to", bytes("2"));
    refused(
        BackendFailure.Conflict.class,
        () -> s3().copy(space + "from", source, space + "to", Condition.ABSENT, Map.of()));
    refused(
        BackendFailure.Conflict.class,
        () -> s3().copy(space + "from", source, space + "to", Condition.matches(source), Map.of()));
    s3().copy(space + "from", source, space + "to", Condition.matches(target), Map.of());
  }

  @Test
  void deletesOnlyUnderItsCondition() throws ObjectStoreException {
    assumeTrue(traits().conditionalDelete());
    var stale = s3().put(space + "d", bytes("1"));
    var fresh = s3().put(space + "d", bytes("2"));
    refused(
        BackendFailure.Conflict.class, () -> s3().delete(space + "d", Condition.matches(stale)));
    s3().delete(space + "d", Condition.matches(fresh));
    refused(BackendFailure.Missing.class, () -> s3().head(space + "d"));
    assertThat(s3().keys(space)).isEmpty();
  }

  @Test
  void refusesTooMuchMetadata() {
    var metadata = Map.of("big", "x".repeat(20_000));
    refused(
        BackendFailure.Rejected.class,
        () -> s3().put(space + "m", bytes("x"), Condition.NONE, metadata));
  }

  @Test
  void serves256AtATime() throws ObjectStoreException {
    var puts =
        IntStream.range(0, 256)
            .mapToObj(i -> {
              var request = new PutRequest(space + i, Condition.NONE, Map.of("n", "" + i), null);
              return store().put(request, new ByteArrayBody(PatternBytes.of(i, 0, 1_000 + i)));
            })
            .toList();
    for (var put : puts) {
      s3().await(put);
    }
    var sinks = new ArrayList<CollectingSink>();
    var gets = new ArrayList<CompletionStage<ObjectHead>>();
    for (int i = 0; i < 256; i++) {
      sinks.add(new CollectingSink());
      gets.add(store().get(space + i, null, 0, 1_000 + i, sinks.getLast()));
    }
    for (int i = 0; i < 256; i++) {
      assertThat(s3().await(gets.get(i)).metadata()).isEqualTo(Map.of("n", "" + i));
      assertThat(sinks.get(i).bytes()).isEqualTo(PatternBytes.of(i, 0, 1_000 + i));
    }
  }

  /** Asserts that a call fails with a kind of failure that says what the store said. */
  protected static void refused(Class<? extends BackendFailure> kind, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ObjectStoreException.class,
            e -> {
              assertThat(e.failure()).isInstanceOf(kind);
              assertThat(e.failure().detail()).isNotBlank();
            });
  }

  protected static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  /** Yields some bytes, then fails. */
  private static final class FailingBody implements BodySource {
    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();

    @Override
    public long sizeBytes() {
      return 1 << 20;
    }

    @Override
    public Reader open() {
      opened.incrementAndGet();
      var parts = new ByteArrayBody(new byte[200_000]).open();
      return new Reader() {
        private int given;

        @Override
        public CompletionStage<@Nullable ByteBuf> next() {
          return ++given > 2
              ? CompletableFuture.failedFuture(new IllegalStateException("disk on fire"))
              : parts.next();
        }

        @Override
        public void close() {
          closed.incrementAndGet();
        }
      };
    }
  }
}
