package io.bucketfs.core.content;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.local.ExtentRecord;
import io.bucketfs.core.local.ExtentStore.Stream;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.store.Content;
import io.bucketfs.core.store.Extent;
import io.bucketfs.core.store.Inode;
import io.bucketfs.core.store.InodeKey;
import io.bucketfs.core.vfs.FileType;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which unstable writes a commit persists. */
final class FileContentTest {
  private final LogFloor floor = new LogFloor(new MemoryExtentStore(), Stream.WRITE);
  private final FileContent file = new FileContent(new InodeKey(1, 5));
  private final Inode inode = inode();

  private Inode inode() {
    var edit = new Inode.Edit(file.key, FileType.FILE);
    edit.content = Content.empty(7);
    return edit.freeze();
  }

  @BeforeEach
  void load() {
    file.install(inode, new ExtentMap());
  }

  /** A write that has its place in the log, and that nobody sees yet. */
  private Extent append(long offset, int length) {
    var sequence = file.nextSequence();
    var record = new ExtentRecord(1, sequence * 100, length, 1, 7, sequence, 0);
    return new Extent(offset, length, sequence, record, 0);
  }

  /** The writes that it let go. */
  private List<Extent> wrote(Extent extent) {
    return file.wrote(inode, extent, floor.mark(), null, 1).stream()
        .map(FileContent.Unstable::extent)
        .toList();
  }

  private FileContent.Capture capture() {
    return requireNonNull(file.capture());
  }

  private List<Extent> captured() {
    return capture().writes().stream().map(FileContent.Unstable::extent).toList();
  }

  @Test
  void aWriteThatAnotherOneCoversIsLetGo() {
    var first = append(0, 10);
    assertThat(wrote(first)).isEmpty();
    var second = append(0, 20);
    assertThat(wrote(second)).containsExactly(first);
    assertThat(captured()).containsExactly(second);
  }

  /** Two writers of one range: the one that began first is seen last. */
  @Test
  void aWriteIsNotLetGoForAnOlderOneThatComesLater() {
    var older = append(0, 20);
    var newer = append(0, 10);
    assertThat(wrote(newer)).isEmpty();
    assertThat(wrote(older)).isEmpty();
    assertThat(captured()).containsExactlyInAnyOrder(older, newer);
  }

  /** Else what holds the log would be kept until the next commit. */
  @Test
  void aWriteThatComesLaterThanThoseThatLieOverItIsLetGoItself() {
    var older = append(0, 20);
    var left = append(0, 10);
    var right = append(10, 10);
    wrote(left);
    wrote(right);
    assertThat(wrote(older)).containsExactly(older);
    assertThat(requireNonNull(file.overlay()).writes()).as("it counts").isEqualTo(3);
    assertThat(file.overlapping(7, 0, 20)).containsExactly(left, right);
    assertThat(captured()).containsExactlyInAnyOrder(left, right);
  }

  @Test
  void aWriteOfWhichSomethingShowsStays() {
    var first = append(0, 10);
    wrote(first);
    var second = append(5, 10);
    assertThat(wrote(second)).isEmpty();
    var third = append(5, 20);
    assertThat(wrote(third)).as("what is left of the first is before it").containsExactly(second);
    assertThat(captured()).containsExactly(first, third);
  }

  @Test
  void whatACommitMayHaveTakenStays() {
    var first = append(0, 10);
    wrote(first);
    var taken = capture();
    var second = append(0, 10);
    assertThat(wrote(second)).isEmpty();
    file.committed(taken, inode);
    assertThat(captured()).containsExactly(second);
  }

  private Inode inode(long sizeBytes, long change) {
    var edit = inode.edit();
    edit.sizeBytes = sizeBytes;
    edit.change = change;
    return edit.freeze();
  }

  /** It read the inode, and its bytes were on their way to the disk, while the commit ended. */
  @Test
  void aWriteThatBeganBeforeACommitWasPublishedGoesOnFromWhatThatMade() {
    wrote(append(0, 9_000));
    var taken = capture();
    var late = append(0, 10);
    file.committed(taken, inode(9_000, 50));
    wrote(late);
    var overlay = requireNonNull(file.overlay());
    assertThat(overlay.sizeBytes()).isEqualTo(9_000);
    assertThat(overlay.change(inode(9_000, 50))).isEqualTo(51);
  }

  /** Such as a link, which waits for no commit. */
  @Test
  void theChangeCounterGrowsWithTheInodeAndWithEachWrite() {
    wrote(append(0, 10));
    assertThat(change(inode(0, 50))).isEqualTo(51);
    wrote(append(0, 10));
    assertThat(change(inode(0, 50))).isEqualTo(52);
    assertThat(change(inode(0, 51))).isEqualTo(53);
  }

  @Test
  void aCommitLeavesTheChangeCounterAsItIs() {
    wrote(append(0, 10));
    wrote(append(0, 10));
    var taken = capture();
    wrote(append(0, 10));
    assertThat(change(inode(0, 50))).isEqualTo(53);
    var published = published(taken, 50);
    assertThat(change(published)).as("published").isEqualTo(53);
    file.committed(taken, published);
    assertThat(change(published)).as("committed").isEqualTo(53);
    var rest = capture();
    var all = published(rest, published.change());
    assertThat(change(all)).as("the rest is published").isEqualTo(53);
    file.committed(rest, all);
    assertThat(file.overlay()).isNull();
    assertThat(all.change()).isEqualTo(53);
  }

  private long change(Inode known) {
    return requireNonNull(file.overlay()).change(known);
  }

  /** As the transaction of a commit makes it. */
  private Inode published(FileContent.Capture capture, long change) {
    var edit = inode.edit();
    edit.change = change + capture.overlay().writes();
    edit.content = Content.empty(7).withSequence(capture.sequence());
    return edit.freeze();
  }

  /** As after an import, which replaces files that nobody writes to. */
  @Test
  void aCommitOfLongAgoDoesNotMakeAFileLonger() {
    wrote(append(0, 9_000));
    file.committed(capture(), inode(9_000, 50));
    file.wrote(inode(100, 60), append(0, 10), floor.mark(), null, 1);
    assertThat(requireNonNull(file.overlay()).sizeBytes()).isEqualTo(100);
  }

  /**
   * A truncate comes after a commit of all writes: what an overlay tells never is of before one.
   */
  @Test
  void theLongerOfInodeAndOverlayCounts() {
    wrote(append(0, 10));
    assertThat(FileContent.sizeBytes(inode, file.overlay())).isEqualTo(10);
    assertThat(FileContent.sizeBytes(inode(9_000, 50), file.overlay())).isEqualTo(9_000);
    assertThat(FileContent.sizeBytes(inode(9_000, 50), null)).isEqualTo(9_000);
  }
}
