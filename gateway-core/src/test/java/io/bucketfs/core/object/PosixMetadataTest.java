package io.bucketfs.core.object;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.core.vfs.FileType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class PosixMetadataTest {
  private static final PosixAttributes DEFAULTS =
      new PosixAttributes(FileType.FILE, 0644, 7, 8, 99, 0, 0, null, Xattrs.NONE);

  private static final List<FileType> TYPES = List.of(FileType.values());

  private static PosixAttributes decoded(Map<String, String> metadata) {
    return PosixMetadata.decode(metadata, DEFAULTS).attributes();
  }

  @Test
  void writesTheFormOfFsxForLustre() {
    var attributes =
        new PosixAttributes(FileType.FILE, 0644, 1000, -2, 1_500_000_001, 0, 0, null, Xattrs.NONE);
    assertThat(PosixMetadata.encode(attributes, "token", Map.of("colour", "blue")))
        .isEqualTo(
            Map.of(
                "file-owner", "1000",
                "file-group", "4294967294",
                "file-permissions", "0100644",
                "file-mtime", "1500000001ns",
                "bucketfs-token", "token",
                "colour", "blue"));
  }

  @Test
  void readsBackWhatItWrote() {
    for (var seed = 0L; seed < 2_000; seed++) {
      var random = new SplittableRandom(seed);
      var type = TYPES.get(random.nextInt(TYPES.size()));
      var device = type == FileType.BLOCK_DEVICE || type == FileType.CHARACTER_DEVICE;
      var attributes =
          new PosixAttributes(
              type,
              random.nextInt(010000),
              random.nextInt(),
              random.nextInt(1 << 30),
              random.nextLong(),
              device ? random.nextInt(4_096) : 0,
              device ? random.nextInt(1 << 20) : 0,
              random.nextBoolean() ? "link" : null,
              xattrs(random));
      if (attributes.uid() == -1) {
        continue;
      }
      var metadata = PosixMetadata.encode(attributes, "t", Map.of("x", "y"));
      var read = PosixMetadata.decode(metadata, DEFAULTS);
      assertThat(read.attributes()).as("seed %d", seed).isEqualTo(attributes);
      assertThat(read.attributes().hash()).as("seed %d", seed).isEqualTo(attributes.hash());
      assertThat(read.foreign()).as("seed %d", seed).isEqualTo(Map.of("x", "y"));
      assertThat(read.token()).as("seed %d", seed).isEqualTo("t");
    }
  }

  @Test
  void nothingGivesTheDefaults() {
    var read = PosixMetadata.decode(Map.of("a", "b"), DEFAULTS);
    assertThat(read.attributes()).isEqualTo(DEFAULTS);
    assertThat(read.any()).isFalse();
  }

  @Test
  void fourDigitsLeaveTheTypeAlone() {
    var read = decoded(Map.of("file-permissions", "0750"));
    assertThat(read.mode()).isEqualTo(0750);
    assertThat(read.type()).isEqualTo(FileType.FILE);
    assertThat(decoded(Map.of("file-permissions", "0120777")).type()).isEqualTo(FileType.SYMLINK);
  }

  @Test
  void timesWithoutUnitAreMilliseconds() {
    assertThat(decoded(Map.of("file-mtime", "1595002920000000001ns")).modifyNanos())
        .isEqualTo(1_595_002_920_000_000_001L);
    assertThat(decoded(Map.of("file-mtime", "1595002920000")).modifyNanos())
        .isEqualTo(1_595_002_920_000_000_000L);
    assertThat(decoded(Map.of("mtime", "1595002920.5")).modifyNanos())
        .isEqualTo(1_595_002_920_500_000_000L);
    assertThat(decoded(Map.of("goog-reserved-file-mtime", "5")).modifyNanos())
        .isEqualTo(5_000_000_000L);
  }

  @Test
  void modesOfS3fsAreDecimalAndThoseOfRcloneOctal() {
    assertThat(decoded(Map.of("mode", "33188")).mode()).isEqualTo(0644);
    assertThat(decoded(Map.of("mode", "0100600")).mode()).isEqualTo(0600);
    assertThat(decoded(Map.of("goog-reserved-posix-mode", "640")).mode()).isEqualTo(0640);
    assertThat(decoded(Map.of("permissions", "0604")).mode()).isEqualTo(0604);
  }

  @Test
  void theFirstFormWinsForEachAttribute() {
    var metadata = new HashMap<String, String>();
    metadata.put("owner", "4");
    assertThat(decoded(metadata).uid()).isEqualTo(4);
    metadata.put("goog-reserved-posix-uid", "3");
    assertThat(decoded(metadata).uid()).isEqualTo(3);
    metadata.put("uid", "2");
    assertThat(decoded(metadata).uid()).isEqualTo(2);
    metadata.put("file-owner", "1");
    assertThat(decoded(metadata).uid()).isEqualTo(1);
    metadata.put("file-owner", "nobody");
    assertThat(decoded(metadata).uid()).isEqualTo(2);
    assertThat(decoded(metadata).gid()).isEqualTo(8);
  }

  @Test
  void nonsenseNeverThrows() {
    var names =
        new String[] {"file-owner", "file-permissions", "file-mtime", "mode", "mtime", "file-rdev"};
    var pieces = new String[] {"-", "0x", "9999999999999999999", "1e999999999", ".", "ns", "", "8"};
    for (var seed = 0L; seed < 5_000; seed++) {
      var random = new SplittableRandom(seed);
      var metadata = new HashMap<String, String>();
      for (var name : names) {
        metadata.put(
            name, pieces[random.nextInt(pieces.length)] + pieces[random.nextInt(pieces.length)]);
      }
      assertThat(decoded(metadata).mode()).as("seed %d", seed).isBetween(0, 07777);
    }
  }

  @Test
  void theHashTellsAttributesApart() {
    var other = new PosixAttributes(FileType.FILE, 0600, 7, 8, 99, 0, 0, null, Xattrs.NONE);
    assertThat(other.hash()).isNotEqualTo(DEFAULTS.hash()).isNotZero();
  }

  private static Xattrs xattrs(SplittableRandom random) {
    var xattrs = Xattrs.NONE;
    for (var left = random.nextInt(4); left > 0; left--) {
      var name = new StringBuilder();
      for (var length = 1 + random.nextInt(8); length > 0; length--) {
        name.append((char) (random.nextBoolean() ? 33 + random.nextInt(94) : 'à' + left));
      }
      var value = new byte[random.nextInt(6)];
      random.nextBytes(value);
      xattrs = xattrs.with(name.toString(), value);
    }
    return xattrs;
  }

  /** S3 keeps names in lower case and takes no control characters or spaces for granted. */
  @Test
  void extendedAttributesAreWrittenForPeople() {
    var xattrs =
        Xattrs.NONE
            .with("Origin", "a b".getBytes(UTF_8))
            .with("plain-1", "text/plain".getBytes(UTF_8))
            .with("empty", new byte[0])
            .with("zero", "0s".getBytes(UTF_8));
    var file = new PosixAttributes(FileType.FILE, 0644, 7, 8, 99, 0, 0, null, xattrs);
    var metadata = PosixMetadata.encode(file, null, Map.of());
    assertThat(metadata)
        .containsEntry("xattr-.4frigin", "0sYSBi")
        .containsEntry("xattr-plain-1", "text/plain")
        .containsEntry("xattr-empty", "0s")
        .containsEntry("xattr-zero", "0sMHM=");
    assertThat(PosixMetadata.decode(metadata, DEFAULTS).attributes()).isEqualTo(file);
    assertThat(file.hash())
        .isNotEqualTo(
            new PosixAttributes(FileType.FILE, 0644, 7, 8, 99, 0, 0, null, Xattrs.NONE).hash());
  }

  @Test
  void whatOnlyLooksLikeAnExtendedAttributeStaysForeign() {
    var foreign = Map.of("xattr-", "v", "xattr-Upper", "v", "xattr-.zz", "v", "xattr-a", "0s?");
    var read = PosixMetadata.decode(foreign, DEFAULTS);
    assertThat(read.foreign()).isEqualTo(foreign);
    assertThat(read.attributes().xattrs()).isEqualTo(Xattrs.NONE);
  }
}
