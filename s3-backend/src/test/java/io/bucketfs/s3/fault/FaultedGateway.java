package io.bucketfs.s3.fault;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.bucketfs.core.Gateway;
import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.admin.Administration.MountStatus;
import io.bucketfs.core.local.LocalTier;
import io.bucketfs.core.local.MemoryExtentStore;
import io.bucketfs.core.local.MemoryKeyValueStore;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.ObjectPolicy;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.mount.Retention;
import io.bucketfs.core.object.Encryption;
import io.bucketfs.core.runtime.Meters;
import io.bucketfs.core.runtime.ThreadExecution;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.CreateMode;
import io.bucketfs.core.vfs.FileId;
import io.bucketfs.core.vfs.FileSystem;
import io.bucketfs.core.vfs.FileSystemException;
import io.bucketfs.core.vfs.FsError;
import io.bucketfs.core.vfs.Patience;
import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.Stability;
import io.bucketfs.s3.S3ObjectStores;
import io.bucketfs.s3.S3Settings;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;

/** The core over a local tier in memory and the real SDK, driven by mount and name. */
final class FaultedGateway implements AutoCloseable {
  /** So that what gets no reply is known for it soon. */
  static final S3Settings IMPATIENT =
      new S3Settings(
          256, Duration.ofSeconds(2), Duration.ofSeconds(3), 1 << 20, Duration.ofSeconds(20), true);

  /** Nothing is fetched before it is read, so that a test knows what is here. */
  private static final Mount.Policy POLICY =
      new Mount.Policy(false, Duration.ofMillis(200), Duration.ofSeconds(1), 0, 0, 0644, 0755)
          .withRefresh(new RefreshPolicy(null, false, RefreshPolicy.Imported.ALL))
          .with(ImportRules.ON_FILE_ACCESS, Retention.DEFAULT)
          .withObjects(
              new ObjectPolicy(
                  null, Encryption.OF_BUCKET, ObjectPolicy.GUESSED, ObjectPolicy.THRESHOLD_MIN));

  private final ThreadExecution execution = new ThreadExecution(4, Meters.NONE);
  private final S3ObjectStores stores;
  private final MemoryKeyValueStore metadata = new MemoryKeyValueStore(execution, 1);
  private final Gateway gateway;

  FaultedGateway(Meters meters) throws IOException {
    stores = new S3ObjectStores(meters, IMPATIENT);
    gateway =
        Gateway.open(
            Gateway.Config.ofDisk(1L << 40),
            new LocalTier(metadata, new MemoryExtentStore(), false),
            stores,
            execution,
            meters);
  }

  FileSystem files() {
    return gateway.fileSystem();
  }

  /** Mounts a bucket of an S3 under a name. */
  void mount(String name, URI endpoint, String bucket, Credentials credentials)
      throws AdminException {
    var location = new BucketLocation(bucket, "us-east-1", endpoint.toString(), true, credentials);
    gateway.administration().createMount(new MountRequest(name, location, name + "/", POLICY));
  }

  MountStatus status(String mount) throws AdminException {
    return gateway.administration().mount(mount);
  }

  /** Exports everything; what failed, with the reasons. */
  String flush(String mount) throws AdminException {
    return gateway.administration().flush(mount, "", true).failing().toString();
  }

  private FileId root(String mount) {
    return files().exports().stream()
        .filter(export -> export.name().equals(mount))
        .findFirst()
        .orElseThrow()
        .root();
  }

  FileId write(String mount, String name, byte[] bytes) throws FileSystemException {
    var created =
        files()
            .create(
                Caller.ROOT,
                root(mount),
                name,
                new CreateMode.Unchecked(),
                SetAttributes.ofSize(0),
                Patience.FOREVER);
    var file = created.attributes().id();
    files().write(file, 0, Unpooled.wrappedBuffer(bytes), Stability.FILE_SYNC, Patience.FOREVER);
    return file;
  }

  FileId write(String mount, String name, String text) throws FileSystemException {
    return write(mount, name, text.getBytes(UTF_8));
  }

  void rename(String mount, String from, String to) throws FileSystemException {
    var root = root(mount);
    files().rename(Caller.ROOT, root, from, root, to, Patience.FOREVER);
  }

  void remove(String mount, String name) throws FileSystemException {
    files().remove(Caller.ROOT, root(mount), name, Patience.FOREVER);
  }

  /** What a client does: it asks again where it is told to come back. */
  String read(String mount, String name) throws FileSystemException {
    while (true) {
      try {
        return readOnce(mount, name);
      } catch (FileSystemException e) {
        if (e.error() != FsError.DELAY) {
          throw e;
        }
      }
    }
  }

  /** Reads a file, waiting at most so long as a server lets a request wait. */
  String readOnce(String mount, String name) throws FileSystemException {
    var patience = Patience.atMost(Duration.ofSeconds(15), execution.nanoTime());
    var file = files().lookup(Caller.ROOT, root(mount), name, patience).id();
    var result = files().read(file, 0, 1 << 20, patience);
    try {
      return result.data().toString(UTF_8);
    } finally {
      result.data().release();
    }
  }

  @Override
  public void close() throws IOException {
    try (execution;
        metadata;
        stores;
        gateway) {
      // In the reverse order.
    }
  }
}
