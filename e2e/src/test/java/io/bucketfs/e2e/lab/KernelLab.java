package io.bucketfs.e2e.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A folder and a number of guests for one test class.
 *
 * <pre>
 *   target/lab/NAME/logs   consoles of the guests, their commands and outputs, logs of servers: kept
 *   target/lab/NAME/data   what tests write, on the host or in a guest: deleted at the end
 * </pre>
 *
 * <p>Guests see the lab's folder at {@link #inGuest}, may write there and nowhere else on the host.
 * A guest caches what it has read there: a file that a guest read is not written again.
 */
public final class KernelLab implements AutoCloseable {
  private static final Path GUEST_FOLDER = Path.of("/run/lab");

  /** Interfaces live as long as the JVM, so numbers are not used again. */
  private static final AtomicInteger TAPS = new AtomicInteger();

  private final Path folder;
  private final List<Guest> guests = new ArrayList<>();

  private KernelLab(Path folder) {
    this.folder = folder;
  }

  /** Opens the lab of a test class, whose folder is emptied first. */
  public static KernelLab open(Class<?> test) {
    var base = Path.of(System.getProperty("basedir", ".")).toAbsolutePath().normalize();
    var lab = new KernelLab(base.resolve("target/lab").resolve(test.getSimpleName()));
    delete(lab.folder);
    try {
      Files.createDirectories(lab.logs());
      Files.createDirectories(lab.data());
      Files.copy(base.resolve("src/test/lab/guest-init"), lab.initScript());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (!lab.initScript().toFile().setExecutable(true)) {
      throw new IllegalStateException("cannot make the guest's init script executable");
    }
    lab.host("ip", "link", "set", "lo", "up");
    return lab;
  }

  /** The folder for what tests write. */
  public Path data() {
    return folder.resolve("data");
  }

  /** The folder of what is kept for diagnosis. */
  public Path logs() {
    return folder.resolve("logs");
  }

  Path folder() {
    return folder;
  }

  Path initScript() {
    return logs().resolve("guest-init");
  }

  /** Where a guest finds a file of the lab. */
  public Path inGuest(Path onHost) {
    return GUEST_FOLDER.resolve(folder.relativize(onHost));
  }

  /** Boots a guest. Its name is the client's name to the server, too. */
  public Guest boot(String name) {
    var number = TAPS.incrementAndGet();
    var tap = "tap" + number;
    var subnet = "10.77." + number + ".";
    host("ip", "tuntap", "add", "dev", tap, "mode", "tap");
    host("ip", "address", "add", subnet + "1/24", "dev", tap);
    host("ip", "link", "set", tap, "up");
    var guest = Guest.boot(this, name, tap, subnet + "1", subnet + "2/24");
    guests.add(guest);
    return guest;
  }

  /** Runs a short command of the host to its end; it must succeed. */
  public String host(String... command) {
    return ChildProcesses.run(Duration.ofMinutes(1), logs().resolve("host.log"), command);
  }

  /** Powers all guests off. */
  public void powerOff() {
    guests.forEach(Guest::close);
    guests.clear();
  }

  @Override
  public void close() {
    powerOff();
    delete(data());
  }

  /** Deletes a folder with all that is in it, if it is there. */
  public static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (var paths = Files.walk(folder)) {
      for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
