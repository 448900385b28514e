package io.bucketfs.e2e.gateway;

import io.bucketfs.e2e.gateway.TreeListing.Node;
import java.util.SortedMap;
import java.util.TreeMap;

/** A prefix of a bucket as the folder that it stands for, to compare with {@link TreeListing}. */
public final class StoredTree {
  private static final int TYPE_MASK = 0170000;
  private static final int REGULAR = 0100000;
  private static final int SYMLINK = 0120000;

  /** A directory without a marker is one with the defaults of the mount. */
  private static final Node PLAIN_DIRECTORY = new Node(040755, 0, "");

  private StoredTree() {}

  /** Everything below a prefix, read object by object. */
  public static SortedMap<String, Node> of(Bucket bucket, String prefix) {
    var nodes = new TreeMap<String, Node>();
    for (var key : bucket.list(prefix).keySet()) {
      var path = key.substring(prefix.length());
      var isMarker = path.endsWith("/");
      if (isMarker) {
        path = path.substring(0, path.length() - 1);
      }
      addParents(nodes, path);
      if (!path.isEmpty()) {
        nodes.put(path, node(bucket, bucket.get(key), isMarker));
      }
    }
    return nodes;
  }

  private static void addParents(SortedMap<String, Node> nodes, String path) {
    for (var slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      nodes.putIfAbsent(path.substring(0, slash), PLAIN_DIRECTORY);
    }
  }

  private static Node node(Bucket bucket, Bucket.Stored object, boolean isMarker) {
    var permissions = object.metadata().get("file-permissions");
    if (isMarker) {
      return permissions == null
          ? PLAIN_DIRECTORY
          : new Node(Integer.parseInt(permissions, 8), 0, "");
    }
    var mtime = object.metadata().get("file-mtime");
    if (permissions == null || mtime == null || !mtime.endsWith("ns")) {
      throw new AssertionError("an object without POSIX metadata: " + object);
    }
    var mode = Integer.parseInt(permissions, 8);
    return switch (mode & TYPE_MASK) {
      case REGULAR ->
          new Node(mode, Long.parseLong(mtime.substring(0, mtime.length() - 2)), object.digest());
      case SYMLINK -> new Node(mode, 0, bucket.text(object.key()));
      default -> throw new AssertionError("neither file nor link: " + object);
    };
  }
}
