package io.bucketfs.e2e.lab;

/** How a guest mounts. */
public record MountOptions(String version, int port, int connections, String more) {
  public MountOptions {
    if (connections < 1 || connections > 16) {
      throw new IllegalArgumentException("connections: " + connections);
    }
  }

  /** The defaults of the kernel's client, but for the version and the port. */
  public static MountOptions of(String version, int port) {
    return new MountOptions(version, port, 1, "");
  }

  /** Over several connections, as nconnect= asks for. */
  public MountOptions withConnections(int count) {
    return new MountOptions(version, port, count, more);
  }

  /** With options as mount(8) takes them, separated by commas. */
  public MountOptions with(String options) {
    return new MountOptions(version, port, connections, options);
  }

  String argument() {
    return "vers=%s,port=%d%s%s"
        .formatted(
            version,
            port,
            connections == 1 ? "" : ",nconnect=" + connections,
            more.isEmpty() ? "" : "," + more);
  }
}
