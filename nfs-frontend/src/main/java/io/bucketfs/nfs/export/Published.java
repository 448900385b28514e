package io.bucketfs.nfs.export;

import io.bucketfs.core.access.ClientAddress;
import io.bucketfs.core.access.ClientRule;
import io.bucketfs.core.access.Network;
import io.bucketfs.core.access.SubExport;
import io.bucketfs.core.vfs.Caller;
import io.bucketfs.core.vfs.Export;
import io.bucketfs.core.vfs.FileId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An entry of the pseudo-root: a mount, or a directory of one under a name of its own. Filehandles
 * carry which of them they came through, so that its rules hold for all that is reached by it.
 */
public final class Published {
  private final String name;
  private final int mount;
  private final int via;
  private final long fileSystemId;
  private final String path;
  private final @Nullable Caller forced;
  private final Network[] networks;
  private final Grant[] grants;

  /** The directory at the path as it was last seen; always that of a mount itself. */
  private volatile @Nullable FileId root;

  private Published(
      String name,
      Export of,
      int via,
      String path,
      @Nullable Caller forced,
      boolean readOnly,
      List<ClientRule> rules) {
    this.name = name;
    this.via = via;
    this.path = path;
    this.forced = forced;
    mount = of.root().mount();
    fileSystemId = via == 0 ? of.fileSystemId() : mixed(of.fileSystemId() + via);
    root = via == 0 ? of.root() : null;
    networks = new Network[rules.size()];
    grants = new Grant[rules.size()];
    for (var i = 0; i < grants.length; i++) {
      var rule = rules.get(i);
      networks[i] = rule.network();
      grants[i] = new Grant(this, readOnly || rule.readOnly(), rule.squash());
    }
  }

  /** A mount. */
  static Published of(Export export) {
    return new Published(
        export.name(), export, 0, "", null, export.readOnly(), export.access().clients());
  }

  /** A directory of a mount. */
  static Published of(Export export, SubExport sub) {
    var ids = sub.forced();
    return new Published(
        sub.name(),
        export,
        sub.number(),
        sub.path(),
        ids == null ? null : new Caller(ids.uid(), ids.gid()),
        export.readOnly() || sub.readOnly(),
        sub.clients().isEmpty() ? export.access().clients() : sub.clients());
  }

  /** Spreads the bits (the finalizer of splitmix64), so that file system ids do not meet. */
  private static long mixed(long bits) {
    var x = (bits ^ bits >>> 30) * 0xbf58476d1ce4e5b9L;
    x = (x ^ x >>> 27) * 0x94d049bb133111ebL;
    x ^= x >>> 31;
    return x == 0 ? 1 : x;
  }

  /** What a client may do here, or null where it may not even see it. The first rule counts. */
  public @Nullable Grant grantTo(ClientAddress client) {
    for (var i = 0; i < networks.length; i++) {
      if (networks[i].contains(client)) {
        return grants[i];
      }
    }
    return null;
  }

  /** The path component under the pseudo-root. */
  public String name() {
    return name;
  }

  public int mount() {
    return mount;
  }

  /** The number of the sub-export inside its mount; 0 for the mount itself. */
  public int via() {
    return via;
  }

  /** The file system id that clients see. */
  public long fileSystemId() {
    return fileSystemId;
  }

  /** Where it is inside the mount; empty for the mount itself. */
  public String path() {
    return path;
  }

  @Nullable Caller forced() {
    return forced;
  }

  /** Its root directory, or null as long as nobody has looked. */
  public @Nullable FileId root() {
    return root;
  }

  /** Remembers what is found at the path. */
  public void sawRoot(FileId directory) {
    root = directory;
  }

  /** Its place among the entries of the pseudo-root, and its number there. Never negative. */
  public long position() {
    return position(mount, via);
  }

  static long position(int mount, int via) {
    return (long) mount << 32 | via;
  }
}
