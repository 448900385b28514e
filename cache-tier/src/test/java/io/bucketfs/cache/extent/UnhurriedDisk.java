package io.bucketfs.cache.extent;

import io.bucketfs.cache.NativeWait;
import io.bucketfs.core.local.Disk;
import io.bucketfs.core.runtime.Execution;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;

/**
 * A disk on which other tasks run before a write and after a sync, so that a simulation finds what
 * goes wrong while a payload is on its way or a sync has begun without it.
 */
record UnhurriedDisk(Disk disk, Execution execution) implements Disk {
  private static final Duration SYNC_DURATION = Duration.ofMillis(5);

  private void letOthersRun() throws IOException {
    NativeWait.on(execution, () -> true);
  }

  @Override
  public List<String> list() throws IOException {
    return disk.list();
  }

  @Override
  public DiskFile create(String name) throws IOException {
    return new UnhurriedFile(disk.create(name));
  }

  @Override
  public DiskFile open(String name) throws IOException {
    return new UnhurriedFile(disk.open(name));
  }

  @Override
  public void delete(String name) throws IOException {
    disk.delete(name);
  }

  @Override
  public void rename(String from, String to) throws IOException {
    disk.rename(from, to);
  }

  @Override
  public void syncDirectory() throws IOException {
    disk.syncDirectory();
    letOthersRun();
  }

  @Override
  public long usableBytes() throws IOException {
    return disk.usableBytes();
  }

  private final class UnhurriedFile implements DiskFile {
    private final DiskFile file;

    UnhurriedFile(DiskFile file) {
      this.file = file;
    }

    @Override
    public void write(long position, ByteBuffer... parts) throws IOException {
      letOthersRun();
      file.write(position, parts);
    }

    @Override
    public int read(long position, ByteBuffer target) throws IOException {
      return file.read(position, target);
    }

    @Override
    public void truncate(long size) throws IOException {
      file.truncate(size);
    }

    @Override
    public void sync() throws IOException {
      file.sync();
      try {
        execution.sleep(SYNC_DURATION);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
