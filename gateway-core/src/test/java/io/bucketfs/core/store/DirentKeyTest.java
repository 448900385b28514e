package io.bucketfs.core.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import org.junit.jupiter.api.Test;

final class DirentKeyTest {
  /** As of a training set with a directory for each class: one hash for many names is a list. */
  @Test
  void theSameNumberedNamesInDirectoriesInARowHaveHashesOfTheirOwn() {
    var hashes = new HashSet<Integer>();
    for (var directory = 0; directory < 100; directory++) {
      for (var name = 0; name < 1_000; name++) {
        hashes.add(new DirentKey(1, 5_000 + directory, "" + name).hashCode());
      }
    }
    assertThat(hashes).hasSizeGreaterThan(99_000);
  }
}
