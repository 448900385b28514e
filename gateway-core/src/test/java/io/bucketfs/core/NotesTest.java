package io.bucketfs.core;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.bucketfs.core.local.Crash;
import io.bucketfs.core.local.Note;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.ChangeInfo;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystem.Created;
import io.bucketfs.core.vfs.FileSystem.Renamed;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Outcome;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.WouldBlock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the protocol engine notes: with a change or by itself, and which crash it outlives. */
@Timeout(60)
final class NotesTest {
  private final ThreadExecution execution = new ThreadExecution(2, Meters.NONE);
  private final List<Outcome> outcomes = new ArrayList<>();
  private MemoryGateway world;

  @BeforeEach
  void open() throws Exception {
    world = new MemoryGateway(execution, 1);
  }

  @AfterEach
  void close() throws Exception {
    world.close();
    execution.close();
  }

  private FileSystem files() {
    return world.gateway().fileSystem();
  }

  private static Note note(String key) {
    return new Note(key.getBytes(UTF_8), new byte[] {1});
  }

  private Caller noting(String key) {
    return Caller.ROOT.with((outcome, notes) -> {
      outcomes.add(outcome);
      notes.accept(note(key));
    });
  }

  private List<String> noted() {
    return world.gateway().protocolRecords().notes().stream()
        .map(note -> new String(note.key(), UTF_8))
        .toList();
  }

  @Test
  void everyChangeTakesItsNoteAlong() throws Exception {
    var root = world.root();
    var forever = Patience.FOREVER;
    var made = files().make(noting("make"), root, "d", new NewNode.Directory(), initial(), forever);
    var created =
        files().create(noting("open"), root, "f", new CreateMode.Guarded(), initial(), forever);
    var file = created.attributes().id();
    var linked = files().link(noting("link"), file, root, "g", forever);
    var renamed = files().rename(noting("rename"), root, "g", root, "h", forever);
    var removed = files().remove(noting("remove"), root, "d", forever);
    var cut = new SetAttributes(0600, null, null, 0L, null, null);
    files().setAttributes(noting("setattr"), file, cut, false, forever);

    assertThat(outcomes)
        .containsExactly(made, created, linked, renamed, removed, new ChangeInfo(0, 0));
    assertThat(outcomes.get(0)).isInstanceOf(Created.class);
    assertThat(outcomes.get(3)).isInstanceOf(Renamed.class);
    assertThat(world.unsyncedBatches()).isZero();
    world.crash(Crash.KILL);
    world.start(Crash.KILL);
    assertThat(noted()).containsExactly("link", "make", "open", "remove", "rename", "setattr");
  }

  /** On a thread that waits for the disk alone: this one. */
  @Test
  void everyChangeThatIsCommittedInPlaceTakesItsNoteAlong() throws Exception {
    var root = world.root();
    // Whoever comes first lists the bucket.
    var _ = files().make(Caller.ROOT, root, "first", directory(), initial(), Patience.FOREVER);
    var threads = new HashSet<Thread>();
    var disk = Patience.DISK;
    var made = files().make(inPlace("make", threads), root, "d", directory(), initial(), disk);
    var guarded = new CreateMode.Guarded();
    var created = files().create(inPlace("open", threads), root, "f", guarded, initial(), disk);
    var file = created.attributes().id();
    var linked = files().link(inPlace("link", threads), file, root, "g", disk);
    var renamed = files().rename(inPlace("rename", threads), root, "g", root, "h", disk);
    var removed = files().remove(inPlace("remove", threads), root, "d", disk);
    var mode = new SetAttributes(0600, null, null, null, null, null);
    var changed = files().setAttributes(inPlace("setattr", threads), file, mode, false, disk);

    assertThat(changed.mode()).isEqualTo(0600);
    assertThat(outcomes).containsExactly(made, created, linked, renamed, removed, ChangeInfo.NONE);
    // The gateway's own transactions may be there to share a batch with.
    assertThat(threads).contains(Thread.currentThread());
    assertThat(world.unsyncedBatches()).isZero();
    world.crash(Crash.POWER);
    world.start(Crash.POWER);
    assertThat(files().lookup(Caller.ROOT, world.root(), "h", Patience.FOREVER).mode())
        .isEqualTo(0600);
    assertThatThrownBy(() -> files().lookup(Caller.ROOT, world.root(), "d", Patience.FOREVER))
        .isInstanceOf(FileSystemException.class);
  }

  private Caller inPlace(String key, Set<Thread> threads) {
    return Caller.ROOT.with((outcome, notes) -> {
      outcomes.add(outcome);
      threads.add(Thread.currentThread());
      notes.accept(note(key));
    });
  }

  private static NewNode directory() {
    return new NewNode.Directory();
  }

  /** A truncation waits for writes and their commits, which may need the threads for the disk. */
  @Test
  void aTruncationNeedsMoreThanTheDisk() throws Exception {
    var root = world.root();
    var guarded = new CreateMode.Guarded();
    var file =
        files()
            .create(Caller.ROOT, root, "f", guarded, initial(), Patience.FOREVER)
            .attributes()
            .id();
    var cut = SetAttributes.ofSize(0);
    for (var patience : List.of(Patience.NONE, Patience.DISK)) {
      assertThatThrownBy(() -> files().setAttributes(Caller.ROOT, file, cut, false, patience))
          .isSameAs(WouldBlock.INSTANCE);
    }
  }

  private static SetAttributes initial() {
    return SetAttributes.NONE;
  }

  @Test
  void aChangeThatFailsNotesNothing() throws Exception {
    assertThatThrownBy(
            () -> files().remove(noting("remove"), world.root(), "missing", Patience.FOREVER))
        .isInstanceOf(FileSystemException.class);
    assertThat(outcomes).isEmpty();
    assertThat(noted()).isEmpty();
  }

  @Test
  void aRiderThatRefusesUndoesTheChange() throws Exception {
    var refusing =
        Caller.ROOT.with((_, notes) -> {
          notes.accept(note("refused"));
          throw new FileSystemException(FsError.DELAY);
        });
    assertThatThrownBy(() ->
            files()
                .create(
                    refusing,
                    world.root(),
                    "f",
                    new CreateMode.Guarded(),
                    initial(),
                    Patience.FOREVER))
        .isInstanceOfSatisfying(
            FileSystemException.class, e -> assertThat(e.error()).isEqualTo(FsError.DELAY));
    assertThatThrownBy(() -> files().lookup(Caller.ROOT, world.root(), "f", Patience.FOREVER))
        .isInstanceOfSatisfying(
            FileSystemException.class, e -> assertThat(e.error()).isEqualTo(FsError.NOT_FOUND));
    assertThat(noted()).isEmpty();
  }

  @Test
  void aNoteOutlivesTheProcessWithoutASync() throws Exception {
    var records = world.gateway().protocolRecords();
    var before = world.unsyncedBatches();
    records.note(List.of(note("a"), note("b"))).toCompletableFuture().get(10, TimeUnit.SECONDS);
    assertThat(world.unsyncedBatches()).isEqualTo(before + 1);
    records
        .note(List.of(new Note("a".getBytes(UTF_8), null)))
        .toCompletableFuture()
        .get(10, TimeUnit.SECONDS);
    world.crash(Crash.KILL);
    world.start(Crash.KILL);
    assertThat(noted()).containsExactly("b");
    world.restart();
    assertThat(noted()).containsExactly("b");
  }

  /** What is left of them may be of any time: a lock that was given up since must not come back. */
  @Test
  void aLossOfPowerTakesAllNotesAndNoRecord() throws Exception {
    var records = world.gateway().protocolRecords();
    var _ = records.note(List.of(note("a")));
    records.put("client", new byte[] {7}).toCompletableFuture().get(10, TimeUnit.SECONDS);
    world.crash(Crash.POWER);
    world.start(Crash.POWER);
    assertThat(noted()).isEmpty();
    // Also where nobody got as far as noting that the loss was handled.
    world.crash(Crash.KILL);
    world.start(Crash.KILL);
    assertThat(noted()).isEmpty();
    assertThat(world.gateway().protocolRecords().all()).containsOnlyKeys("client");
  }
}
