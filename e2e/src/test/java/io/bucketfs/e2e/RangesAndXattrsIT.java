package io.bucketfs.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.e2e.gateway.SampleTree;
import io.bucketfs.e2e.gateway.TreeListing;
import io.bucketfs.e2e.lab.KernelTest;
import io.bucketfs.e2e.lab.NfsMount;
import java.io.IOException;
import java.nio.file.Files;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Clones, copies, holes and extended attributes as programs ask for them. That the kernel did not
 * fall back to reading and writing is seen in its own statistics.
 */
@KernelTest
final class RangesAndXattrsIT {
  private static final int MIB = 1 << 20;

  /** Does to a file what its arguments say, and does the same on a local file system for truth. */
  private static final String RANGES =
      """
      import os, sys
      source, target = sys.argv[1:3]
      a = os.open(source, os.O_RDWR)
      b = os.open(target, os.O_RDWR | os.O_CREAT)
      size = os.fstat(a).st_size
      at = 0
      while at < size - 5000:
          at += os.copy_file_range(a, b, size - 5000 - at, offset_src=5000 + at, offset_dst=at)
      os.copy_file_range(b, b, 70000, offset_src=3, offset_dst=200001)
      os.pwrite(b, b'x' * 1000, 4090)
      os.fsync(b)
      """;

  private static final String HOLES =
      """
      import os, sys
      f = os.open(sys.argv[1], os.O_RDONLY)
      at, size, found = 0, os.fstat(f).st_size, []
      while at < size:
          try:
              data = os.lseek(f, at, os.SEEK_DATA)
          except OSError:
              break
          at = os.lseek(f, data, os.SEEK_HOLE)
          found.append('%d-%d' % (data, at))
      print(' '.join(found), 'of', size)
      """;

  private static final String XATTRS =
      """
      import errno, os, sys
      f = sys.argv[1]
      os.setxattr(f, 'user.Origin', b'a b')
      os.setxattr(f, 'user.empty', b'', os.XATTR_CREATE)
      os.setxattr(f, 'user.Origin', b'c\\0d', os.XATTR_REPLACE)
      def fails(code, call):
          try:
              call()
          except OSError as e:
              assert e.errno == code, e
          else:
              raise AssertionError('no error')
      fails(errno.EEXIST, lambda: os.setxattr(f, 'user.empty', b'', os.XATTR_CREATE))
      fails(errno.ENODATA, lambda: os.setxattr(f, 'user.no', b'', os.XATTR_REPLACE))
      fails(errno.ENODATA, lambda: os.getxattr(f, 'user.no'))
      fails(errno.ENODATA, lambda: os.removexattr(f, 'user.no'))
      fails(errno.E2BIG, lambda: os.setxattr(f, 'user.big', b'x' * 4000))
      os.setxattr(f, 'user.gone', b'1')
      os.removexattr(f, 'user.gone')
      """;

  private static final String LIST_XATTRS =
      """
      import os, sys
      f = sys.argv[1]
      print(sorted((n, os.getxattr(f, n)) for n in os.listxattr(f)))
      """;

  private static DemoLab demo;

  @BeforeAll
  static void open() throws IOException {
    demo = DemoLab.open(RangesAndXattrsIT.class);
    Files.writeString(demo.data("ranges.py"), RANGES);
    Files.writeString(demo.data("holes.py"), HOLES);
    Files.writeString(demo.data("xattrs.py"), XATTRS);
    Files.writeString(demo.data("list.py"), LIST_XATTRS);
  }

  @AfterAll
  static void close() {
    demo.close();
  }

  /** How often the kernel has sent an operation since the mount. */
  private static int sent(NfsMount mount, String operation) {
    var text = mount.sh("grep -E '^\\s+" + operation + ": ' /proc/self/mountstats");
    var matcher = Pattern.compile(operation + ": (\\d+)").matcher(text);
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
  }

  @Test
  void aCloneIsAFileOfItsOwn() {
    SampleTree.writeFile(demo.data("big"), 40 * MIB, 1);
    var digest = TreeListing.sha256(demo.data("big"));
    var mount = demo.mount("4.2");
    mount.sh("cp %s source".formatted(demo.inGuest("big")));
    demo.gateway().flush();

    mount.sh("cp --reflink=always source clone");
    assertThat(sent(mount, "CLONE")).isPositive();
    mount.sh("printf changed | dd of=clone bs=1 seek=1000 conv=notrunc status=none");
    mount.sh("sync");
    demo.lab()
        .host(
            "sh",
            "-c",
            "printf changed | dd of=%s bs=1 seek=1000 conv=notrunc status=none"
                .formatted(demo.data("big")));
    var changed = TreeListing.sha256(demo.data("big"));
    mount.remount();
    assertThat(mount.sh("sha256sum <source")).startsWith(digest);
    assertThat(mount.sh("sha256sum <clone")).startsWith(changed);

    demo.gateway().flush();
    assertThat(demo.bucket().get("source").digest()).isEqualTo(digest);
    assertThat(demo.bucket().get("clone").digest()).isEqualTo(changed);
    // What only the bucket has is fetched for a clone.
    demo.loseState(mount);
    mount.sh("cp --reflink=always clone again && rm clone");
    demo.gateway().flush();
    assertThat(demo.bucket().get("again").digest()).isEqualTo(changed);
    mount.sh("rm source again");
    mount.detach();
  }

  @Test
  void rangesAreCopiedOnTheServer() {
    SampleTree.writeFile(demo.data("local"), 3 * MIB + 17, 2);
    var mount = demo.mount("4.2");
    mount.sh("cp %s ranges && sync".formatted(demo.inGuest("local")));
    mount.sh("python3 %s ranges ranges-copy".formatted(demo.inGuest("ranges.py")));
    assertThat(sent(mount, "COPY")).isPositive();
    demo.lab()
        .host(
            "python3",
            demo.data("ranges.py").toString(),
            demo.data("local").toString(),
            demo.data("local-copy").toString());
    var digest = TreeListing.sha256(demo.data("local-copy"));
    mount.remount();
    assertThat(mount.sh("sha256sum <ranges-copy")).startsWith(digest);
    mount.sh("cp --reflink=auto ranges-copy third");
    assertThat(mount.sh("sha256sum <third")).startsWith(digest);
    demo.gateway().flush();
    assertThat(demo.bucket().get("ranges-copy").digest()).isEqualTo(digest);
    mount.sh("rm ranges ranges-copy third");
    mount.detach();
  }

  @Test
  void holesArePunchedAndFound() {
    SampleTree.writeFile(demo.data("dense"), 8 * MIB, 3);
    var mount = demo.mount("4.2");
    mount.sh("cp %s holes && sync".formatted(demo.inGuest("dense")));
    mount.sh("fallocate -p -o 1M -l 2M holes && fallocate -o 8M -l 1M holes");
    assertThat(sent(mount, "DEALLOCATE")).isPositive();
    assertThat(sent(mount, "ALLOCATE")).isPositive();
    var found = mount.sh("python3 %s holes".formatted(demo.inGuest("holes.py")));
    assertThat(found.strip())
        .isEqualTo("0-%d %d-%d of %d".formatted(MIB, 3 * MIB, 8 * MIB, 9 * MIB));
    assertThat(sent(mount, "SEEK")).isPositive();
    demo.lab().host("fallocate", "-p", "-o", "1M", "-l", "2M", demo.data("dense").toString());
    demo.lab().host("truncate", "-s", "9M", demo.data("dense").toString());
    var digest = TreeListing.sha256(demo.data("dense"));
    mount.remount();
    assertThat(mount.sh("sha256sum <holes")).startsWith(digest);
    demo.gateway().flush();
    assertThat(demo.bucket().get("holes").digest()).isEqualTo(digest);

    mount.sh("cp --sparse=always holes copy && cp --sparse=auto holes again");
    assertThat(mount.sh("sha256sum <copy")).startsWith(digest);
    assertThat(mount.sh("sha256sum <again")).startsWith(digest);
    mount.sh("fallocate -l 3M fresh && test $(stat -c %s fresh) = 3145728");
    mount.sh("rm holes copy again fresh");
    mount.detach();
  }

  @Test
  void extendedAttributesAreKeptInTheBucket() {
    var mount = demo.mount("4.2");
    mount.sh("mkdir folder && echo bytes >file");
    for (var name : new String[] {"file", "folder"}) {
      mount.sh("python3 %s %s".formatted(demo.inGuest("xattrs.py"), name));
    }
    assertThat(sent(mount, "SETXATTR")).isPositive();
    var expected = "[('user.Origin', b'c\\x00d'), ('user.empty', b'')]";
    demo.gateway().flush();
    demo.loseState(mount);
    for (var name : new String[] {"file", "folder"}) {
      assertThat(mount.sh("python3 %s %s".formatted(demo.inGuest("list.py"), name)).strip())
          .isEqualTo(expected);
    }
    mount.sh("rm -r file folder");
    mount.detach();
  }
}
