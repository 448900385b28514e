package io.bucketfs.app.gateway;

import io.bucketfs.core.content.Restoration;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Files of which nothing is known but their numbers: {@code mount-M/inode-N.C} is a content of an
 * inode, the last one where C is the highest. One thread.
 */
final class RecoveredFiles implements Restoration.Unnamed, AutoCloseable {
  private final Path directory;
  private final Set<Path> files = new HashSet<>();
  private @Nullable Path current;
  private @Nullable FileChannel channel;
  private long bytes;

  RecoveredFiles(Path directory) {
    this.directory = directory;
  }

  @Override
  public void write(int mount, long inode, long content, long offset, ByteBuf data)
      throws IOException {
    var name = "inode-%d.%d".formatted(inode, content);
    var path = directory.resolve("mount-" + mount).resolve(name);
    var target = channelOf(path);
    bytes += data.readableBytes();
    var at = offset;
    while (data.isReadable()) {
      at += data.readBytes(target, at, data.readableBytes());
    }
  }

  private FileChannel channelOf(Path path) throws IOException {
    var open = channel;
    if (open != null && path.equals(current)) {
      return open;
    }
    closeCurrent();
    Files.createDirectories(path.getParent());
    open = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    channel = open;
    current = path;
    files.add(path);
    return open;
  }

  private void closeCurrent() throws IOException {
    if (channel != null) {
      channel.force(true);
      channel.close();
      channel = null;
    }
  }

  /** How many there are. */
  int count() {
    return files.size();
  }

  /** What was written to all of them. */
  long bytes() {
    return bytes;
  }

  /** Makes everything durable. */
  void sync() throws IOException {
    closeCurrent();
  }

  @Override
  public void close() throws IOException {
    closeCurrent();
  }
}
