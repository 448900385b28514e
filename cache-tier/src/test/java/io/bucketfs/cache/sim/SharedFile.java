package io.bucketfs.cache.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.vfs.FileId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/** What is known of a file that several clients change at once, from its creation on. */
final class SharedFile {
  final String name;
  final FileId id;
  private final AtomicLong clock;
  private final List<SharedLife> lives = new ArrayList<>();

  /** Digests of what it may have been. */
  private final Set<String> known = new HashSet<>();

  SharedFile(String name, FileId id, AtomicLong clock) {
    this.name = name;
    this.id = id;
    this.clock = clock;
    lives.add(new SharedLife(clock, new byte[0]));
  }

  /** What may have become of it since the last crash. */
  SharedLife life() {
    return lives.getLast();
  }

  /** Whether it may ever have been this as a whole. */
  boolean mayHaveBeen(byte[] bytes) {
    if (known.contains(Digests.of(bytes))) {
      return true;
    }
    var may = lives.reversed().stream().anyMatch(life -> life.mayHaveBeen(bytes));
    if (may) {
      known.add(Digests.of(bytes));
    }
    return may;
  }

  /** Checks what is there after a crash, and goes on from it. */
  void recover(byte[] bytes, boolean unstableMayBeLost, String crash) {
    var life = life();
    var now = life.now();
    String wrong;
    if (unstableMayBeLost) {
      wrong = life.cannotRemain(bytes);
    } else {
      wrong = life.read(new SharedLife.Seen(0, bytes), now, life.now());
      wrong = wrong == null ? life.seen(0, bytes.length, true, now, life.now()) : wrong;
      wrong =
          wrong == null
              ? life.seen(bytes.length, Integer.MAX_VALUE, false, now, life.now())
              : wrong;
    }
    assertThat(wrong).as("%s of %s bytes, %s", name, bytes.length, crash).isNull();
    lives.add(new SharedLife(clock, bytes));
  }
}
