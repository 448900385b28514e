package io.bucketfs.e2e.lab;

/** An export, mounted in a guest. */
public final class NfsMount {
  private final Guest guest;
  private final MountOptions options;
  private final String export;
  private final String folder;

  NfsMount(Guest guest, MountOptions options, String export, String folder) {
    this.guest = guest;
    this.options = options;
    this.export = export;
    this.folder = folder;
  }

  public Guest guest() {
    return guest;
  }

  /** A path in the mount, as the guest sees it. */
  public String path(String name) {
    return folder + "/" + name;
  }

  /** Runs a script in the mount's root; it must succeed. */
  public String sh(String script) {
    return guest.sh(in(script));
  }

  /** Runs a script that may fail in the mount's root. */
  public Output run(String script) {
    return guest.run(in(script));
  }

  /** Starts a script in the mount's root. */
  public Guest.Command start(String script) {
    return guest.start(in(script));
  }

  private String in(String script) {
    return "cd " + folder + "\n" + script;
  }

  /** Mounts again: everything the client knew is gone. */
  public void remount() {
    detach();
    attach();
  }

  /** Unmounts. */
  public void detach() {
    guest.sh("umount " + folder);
  }

  /** Mounts in the folder that it had. */
  public void attach() {
    guest.sh(
        "mount -t nfs4 -o %s %s:%s %s"
            .formatted(options.argument(), guest.hostAddress(), export, folder));
  }
}
