package io.bucketfs.bench.nfs;

import java.net.InetSocketAddress;
import java.util.regex.Pattern;

/**
 * A server to be loaded.
 *
 * @param export path of a writable export
 * @param pid its process on this machine, or 0
 */
record Target(String name, InetSocketAddress address, String export, long pid) {
  private static final Pattern FORM =
      Pattern.compile("([^=]+)=([^:]+):([0-9]+)(/[^,]*)(?:,([0-9]+))?");

  static boolean isTarget(String text) {
    return FORM.matcher(text).matches();
  }

  /** Reads {@code NAME=HOST:PORT/EXPORT[,PID]}. */
  static Target parse(String text) {
    var match = FORM.matcher(text);
    if (!match.matches()) {
      throw new IllegalArgumentException("NAME=HOST:PORT/EXPORT[,PID], not " + text);
    }
    var pid = match.group(5);
    return new Target(
        match.group(1),
        new InetSocketAddress(match.group(2), Integer.parseInt(match.group(3))),
        match.group(4),
        pid == null ? 0 : Long.parseLong(pid));
  }
}
