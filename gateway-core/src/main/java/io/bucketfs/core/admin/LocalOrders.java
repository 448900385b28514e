package io.bucketfs.core.admin;

import io.bucketfs.core.admin.AdminException.Kind;
import io.bucketfs.core.content.Pins;
import io.bucketfs.core.mount.MountTable;
import io.bucketfs.core.residency.Progress;
import io.bucketfs.core.residency.Residency;
import io.bucketfs.core.residency.Residency.Outcome;
import io.bucketfs.core.residency.Residency.RefusedException;
import io.bucketfs.core.residency.Residency.Target;
import io.bucketfs.core.residency.TreeCopy;
import io.bucketfs.core.runtime.Execution;
import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Carries out what an operator orders about local copies. */
public final class LocalOrders implements KeepOrders {
  private final MountTable mounts;
  private final Residency residency;
  private final TreeCopy copy;
  private final Execution execution;

  public LocalOrders(MountTable mounts, Residency residency, TreeCopy copy, Execution execution) {
    this.mounts = mounts;
    this.residency = residency;
    this.copy = copy;
    this.execution = execution;
  }

  /** An order on targets. */
  @FunctionalInterface
  private interface Order<T> {
    T run() throws FileSystemException, IOException, InterruptedException, RefusedException;
  }

  @Override
  public Outcome warm(List<Place> places, Progress.Sink sink) throws AdminException {
    var targets = targets(places);
    return run(() -> residency.warm(targets, new Progress(execution, sink)));
  }

  @Override
  public Outcome evict(List<Place> places, Progress.Sink sink) throws AdminException {
    var targets = targets(places);
    return run(() -> residency.evict(targets, new Progress(execution, sink)));
  }

  @Override
  public Outcome pin(List<Place> places, Progress.Sink sink) throws AdminException {
    var targets = targets(places);
    return run(() -> residency.pin(targets, new Progress(execution, sink)));
  }

  @Override
  public Outcome unpin(List<Place> places) throws AdminException {
    var targets = targets(places);
    return run(() -> residency.unpin(targets));
  }

  @Override
  public Pinned pins() throws AdminException {
    return run(() -> {
      var found = new ArrayList<PinEntry>();
      for (var pinned : residency.pins()) {
        var mount = mounts.get(pinned.mount());
        if (mount != null) {
          var pin = pinned.pin();
          found.add(
              new PinEntry(
                  mount.mount().name(),
                  "/" + pinned.path(),
                  pin.bytes(),
                  pin.equals(Pins.UNREADABLE) ? null : Instant.ofEpochSecond(0, pin.sinceNanos())));
        }
      }
      found.sort(Comparator.comparing(PinEntry::mount).thenComparing(PinEntry::path));
      return new Pinned(List.copyOf(found), residency.pinnedBytesMax());
    });
  }

  @Override
  public Outcome copyIn(Place place, String from, Progress.Sink sink) throws AdminException {
    var source = Path.of(from);
    if (!source.isAbsolute()) {
      throw new AdminException(Kind.INVALID, "from must be an absolute path, but is " + from);
    }
    var target = target(place);
    if (target.mount().mount().policy().readOnly()) {
      throw new AdminException(Kind.CONFLICT, "mount " + place.mount() + " is read-only");
    }
    return run(() -> copy.run(source, target, new Progress(execution, sink)));
  }

  private List<Target> targets(List<Place> places) throws AdminException {
    if (places.isEmpty()) {
      throw new AdminException(Kind.INVALID, "no path is given");
    }
    var targets = new ArrayList<Target>(places.size());
    for (var place : places) {
      targets.add(target(place));
    }
    return targets;
  }

  private Target target(Place place) throws AdminException {
    var mount = mounts.byName(place.mount());
    if (mount == null) {
      throw new AdminException(
          Kind.NOT_FOUND,
          "there is no mount " + place.mount() + "; mount list shows those that are");
    }
    return new Target(mount, Operations.inside(place.path()));
  }

  private static <T> T run(Order<T> order) throws AdminException {
    try {
      return order.run();
    } catch (RefusedException e) {
      throw new AdminException(Kind.CONFLICT, String.valueOf(e.getMessage()));
    } catch (FileSystemException | IOException e) {
      throw new AdminException(Kind.STORE, "not done: " + e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new AdminException(Kind.STORE, "the gateway is stopping");
    }
  }
}
