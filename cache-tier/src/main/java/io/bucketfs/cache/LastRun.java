package io.bucketfs.cache;

/**
 * How the last use of a state directory ended.
 *
 * @param bootId the boot of the machine in which it was; empty where that is unknown
 * @param clean whether it was closed, with everything durable
 * @param lossUnhandled whether an earlier run ended with the machine, and nobody has yet drawn the
 *     consequences durably
 */
record LastRun(String bootId, boolean clean, boolean lossUnhandled) {
  /** The directory was never used. */
  static final LastRun NONE = new LastRun("", true, false);

  /** Of a file that cannot be read as one, the worst is assumed. */
  static LastRun parse(String text) {
    var fields = text.strip().split(" ", -1);
    return fields.length == 3
            && (fields[1].equals("clean") || fields[1].equals("running"))
            && (fields[2].equals("kept") || fields[2].equals("lost"))
        ? new LastRun(fields[0], fields[1].equals("clean"), fields[2].equals("lost"))
        : new LastRun("", false, true);
  }

  String text() {
    return String.join(" ", bootId, clean ? "clean" : "running", lossUnhandled ? "lost" : "kept")
        + "\n";
  }

  /** Whether data that was written but not synced may be gone, when seen from the given boot. */
  boolean unsyncedMayBeLost(String bootIdNow) {
    return lossUnhandled || (!clean && (bootId.isEmpty() || !bootId.equals(bootIdNow)));
  }
}
