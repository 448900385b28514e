package io.bucketfs.core.residency;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.residency.Residency.Failure;
import io.bucketfs.core.residency.Residency.Outcome;
import io.bucketfs.core.residency.Residency.RefusedException;
import io.bucketfs.core.residency.Residency.Target;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.Attributes;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystem.XattrMode;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FileType;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.NewNode;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.SetAttributes.TimeChange;
import io.bucketfs.core.vfs.Stability;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Copies a tree of this machine into a mount, with types, modes, owners, times, extended
 * attributes, hard links and holes. The time of a file is set last, so that one whose size and time
 * are right is whole: a copy that is started again passes it over.
 */
public final class TreeCopy {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int HOLE_BYTES = 64 << 10;
  private static final int FAILURES_MAX = 100;
  private static final int MODE_BITS = 07777;
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final String ATTRIBUTES =
      "unix:mode,uid,gid,size,lastModifiedTime,ino,dev,nlink,rdev";

  private final FileSystem files;
  private final Execution execution;

  public TreeCopy(FileSystem files, Execution execution) {
    this.files = files;
    this.execution = execution;
  }

  /** What is known of a source. */
  private record Source(
      Path path,
      FileType type,
      int mode,
      int uid,
      int gid,
      long size,
      long modifyNanos,
      String identity,
      int links,
      long device) {
    static Source of(Path path) throws IOException {
      var all = Files.readAttributes(path, ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
      var mode = number(all, "mode").intValue();
      return new Source(
          path,
          FileType.ofMode(mode),
          mode & MODE_BITS,
          number(all, "uid").intValue(),
          number(all, "gid").intValue(),
          number(all, "size").longValue(),
          of(all, "lastModifiedTime", FileTime.class).to(TimeUnit.NANOSECONDS),
          number(all, "dev") + ":" + number(all, "ino"),
          number(all, "nlink").intValue(),
          number(all, "rdev").longValue());
    }

    private static Number number(Map<String, Object> all, String name) {
      return of(all, name, Number.class);
    }

    private static <T> T of(Map<String, Object> all, String name, Class<T> type) {
      return Objects.requireNonNull(type.cast(all.get(name)), name);
    }

    String name() {
      return String.valueOf(path.getFileName());
    }

    /** As Linux packs the number of a device. */
    int deviceMajor() {
      return (int) ((device >>> 8 & 0xfff) | (device >>> 32 & ~0xfff));
    }

    int deviceMinor() {
      return (int) ((device & 0xff) | (device >>> 12 & ~0xff));
    }

    SetAttributes attributes() {
      var time = new TimeChange.ClientTime(modifyNanos);
      return new SetAttributes(type == FileType.SYMLINK ? null : mode, uid, gid, null, null, time);
    }
  }

  /** One copy under way. Used by one thread. */
  private static final class Copy {
    final Progress progress;
    final Map<String, FileId> linked = new HashMap<>();
    final List<Failure> failures = new ArrayList<>();
    final ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK_BYTES);
    long copied;
    long bytes;
    long failed;

    Copy(Progress progress) {
      this.progress = progress;
    }

    void fail(Path path, Exception e) {
      if (++failed <= FAILURES_MAX) {
        var reason = e.getMessage();
        failures.add(new Failure(path.toString(), reason == null ? e.toString() : reason));
      }
    }
  }

  /**
   * Copies what is in a directory.
   *
   * @param target a directory of the mount, which is made where it is not there
   */
  public Outcome run(Path from, Target target, Progress progress)
      throws FileSystemException, IOException, InterruptedException, RefusedException {
    if (!Files.isDirectory(from)) {
      throw new RefusedException(from + " is no directory that the gateway can read");
    }
    var copy = new Copy(progress);
    count(from, copy);
    var directory = FileId.root(target.number());
    for (var name :
        target.path().isEmpty() ? List.<String>of() : List.of(target.path().split("/"))) {
      directory = directory(directory, name);
    }
    children(from, directory, copy);
    return new Outcome(copy.copied, copy.bytes, 0, 0, copy.failed, List.copyOf(copy.failures));
  }

  private void count(Path directory, Copy copy) {
    try (var entries = Files.newDirectoryStream(directory)) {
      for (var path : entries) {
        if (copy.progress.isAbandoned()) {
          return;
        }
        var source = Source.of(path);
        copy.progress.found(1, source.type == FileType.FILE ? source.size : 0);
        if (source.type == FileType.DIRECTORY) {
          count(path, copy);
        }
      }
    } catch (IOException _) {
      // What cannot be read is named when it is copied.
    }
  }

  private void children(Path from, FileId to, Copy copy) throws InterruptedException {
    try (var entries = Files.newDirectoryStream(from)) {
      for (var path : entries) {
        if (copy.progress.isAbandoned()) {
          return;
        }
        try {
          one(Source.of(path), to, copy);
        } catch (FileSystemException | IOException e) {
          copy.fail(path, e);
        }
        copy.progress.did(1, 0);
      }
    } catch (IOException e) {
      copy.fail(from, e);
    }
  }

  private void one(Source source, FileId directory, Copy copy)
      throws FileSystemException, IOException, InterruptedException {
    var there = lookup(directory, source.name());
    if (source.type == FileType.DIRECTORY) {
      var made = there == null ? directory(directory, source.name()) : there.id();
      children(source.path, made, copy);
      xattrs(source, made);
      finish(made, source);
      return;
    }
    var first = source.links > 1 ? copy.linked.get(source.identity) : null;
    if (there != null && isSame(there, source) && (first == null || first.equals(there.id()))) {
      if (source.links > 1) {
        copy.linked.put(source.identity, there.id());
      }
      copy.progress.did(0, source.type == FileType.FILE ? source.size : 0);
      return;
    }
    if (there != null && (first != null || there.type() != FileType.FILE)) {
      patiently(() -> files.remove(Caller.ROOT, directory, source.name(), Patience.FOREVER));
    }
    copy.copied++;
    if (first != null) {
      patiently(() -> files.link(Caller.ROOT, first, directory, source.name(), Patience.FOREVER));
      copy.progress.did(0, source.size);
      return;
    }
    var made =
        source.type == FileType.FILE ? file(source, directory, copy) : node(source, directory);
    if (source.links > 1) {
      copy.linked.put(source.identity, made);
    }
    if (source.type != FileType.SYMLINK) {
      xattrs(source, made);
    }
    finish(made, source);
  }

  private static boolean isSame(Attributes there, Source source) {
    return there.type() == source.type
        && (source.type != FileType.FILE || there.sizeBytes() == source.size)
        && there.modifyNanos() == source.modifyNanos
        && there.uid() == source.uid
        && there.gid() == source.gid
        && (source.type == FileType.SYMLINK || there.mode() == source.mode);
  }

  private @Nullable Attributes lookup(FileId directory, String name)
      throws FileSystemException, InterruptedException {
    try {
      return patiently(() -> files.lookup(Caller.ROOT, directory, name, Patience.FOREVER));
    } catch (FileSystemException e) {
      if (e.error() == FsError.NOT_FOUND) {
        return null;
      }
      throw e;
    }
  }

  private FileId directory(FileId parent, String name)
      throws FileSystemException, InterruptedException {
    var there = lookup(parent, name);
    if (there != null) {
      return there.id();
    }
    return patiently(() ->
            files.make(
                Caller.ROOT,
                parent,
                name,
                new NewNode.Directory(),
                SetAttributes.NONE,
                Patience.FOREVER))
        .attributes()
        .id();
  }

  private FileId node(Source source, FileId directory)
      throws FileSystemException, IOException, InterruptedException {
    NewNode node =
        source.type == FileType.SYMLINK
            ? new NewNode.Symlink(Files.readSymbolicLink(source.path).toString().getBytes(UTF_8))
            : new NewNode.Special(source.type, source.deviceMajor(), source.deviceMinor());
    return patiently(() ->
            files.make(
                Caller.ROOT, directory, source.name(), node, SetAttributes.NONE, Patience.FOREVER))
        .attributes()
        .id();
  }

  private FileId file(Source source, FileId directory, Copy copy)
      throws FileSystemException, IOException, InterruptedException {
    var id =
        patiently(() ->
                files.create(
                    Caller.ROOT,
                    directory,
                    source.name(),
                    new CreateMode.Unchecked(),
                    SetAttributes.ofSize(0),
                    Patience.FOREVER))
            .attributes()
            .id();
    try (var channel = FileChannel.open(source.path, StandardOpenOption.READ)) {
      var at = 0L;
      while (!copy.progress.isAbandoned()) {
        copy.buffer.clear();
        var count = channel.read(copy.buffer, at);
        if (count <= 0) {
          break;
        }
        write(id, at, copy.buffer.flip());
        at += count;
        copy.bytes += count;
        copy.progress.did(0, count);
      }
      if (copy.progress.isAbandoned()) {
        throw new IOException("was not finished");
      }
      var end = at;
      patiently(() -> {
        files.commit(id, Patience.FOREVER);
        // A hole at the end has no bytes that would make the file as long.
        return files.attributes(id, Patience.FOREVER).sizeBytes() == end
            ? files.attributes(id, Patience.FOREVER)
            : files.setAttributes(
                Caller.ROOT, id, SetAttributes.ofSize(end), true, Patience.FOREVER);
      });
    }
    return id;
  }

  /** Writes what is not all zeroes. */
  private void write(FileId file, long offset, ByteBuffer data)
      throws FileSystemException, InterruptedException {
    for (var from = 0; from < data.limit(); ) {
      var to = Math.min(from + HOLE_BYTES, data.limit());
      if (isZero(data, from, to)) {
        from = to;
        continue;
      }
      while (to < data.limit() && !isZero(data, to, Math.min(to + HOLE_BYTES, data.limit()))) {
        to = Math.min(to + HOLE_BYTES, data.limit());
      }
      var part = Unpooled.wrappedBuffer(data.slice(from, to - from));
      var at = offset + from;
      patiently(() -> files.write(file, at, part, Stability.UNSTABLE, Patience.FOREVER));
      from = to;
    }
  }

  private static boolean isZero(ByteBuffer data, int from, int to) {
    for (var at = from; at < to; at++) {
      if (data.get(at) != 0) {
        return false;
      }
    }
    return true;
  }

  private void xattrs(Source source, FileId to)
      throws FileSystemException, IOException, InterruptedException {
    var view =
        Files.getFileAttributeView(
            source.path, UserDefinedFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    if (view == null) {
      return;
    }
    for (var name : view.list()) {
      var value = ByteBuffer.allocate(view.size(name));
      view.read(name, value);
      patiently(() ->
          files.setXattr(Caller.ROOT, to, name, value.array(), XattrMode.EITHER, Patience.FOREVER));
    }
  }

  private void finish(FileId file, Source source) throws FileSystemException, InterruptedException {
    patiently(
        () -> files.setAttributes(Caller.ROOT, file, source.attributes(), true, Patience.FOREVER));
  }

  /** A step that may be refused for now. */
  @FunctionalInterface
  private interface Step<T> {
    T run() throws FileSystemException;
  }

  private <T> T patiently(Step<T> step) throws FileSystemException, InterruptedException {
    while (true) {
      try {
        return step.run();
      } catch (FileSystemException e) {
        if (e.error() != FsError.DELAY) {
          throw e;
        }
      }
      execution.sleep(PAUSE);
    }
  }
}
