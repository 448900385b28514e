package io.bucketfs.app;

import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.AdminException.Kind;
import io.bucketfs.core.admin.KeepOrders;
import io.bucketfs.core.residency.Progress;
import io.bucketfs.core.residency.Residency.Failure;
import io.bucketfs.core.residency.Residency.Outcome;
import java.util.ArrayList;
import java.util.List;

/** Orders about local copies that are noted; each file has 1 KiB. Thread-safe. */
public final class FakeKeep implements KeepOrders {
  /** A mount whose order does not fit. */
  public static final String TOO_LARGE = "large";

  private final List<String> orders = new ArrayList<>();
  private final List<Place> pinned = new ArrayList<>();

  /** All orders so far. */
  public synchronized List<String> orders() {
    return List.copyOf(orders);
  }

  private synchronized Outcome take(String order, List<Place> places, Progress.Sink sink)
      throws AdminException {
    var failures = new ArrayList<Failure>();
    var files = 0;
    for (var place : places) {
      orders.add(order + " " + place.mount() + " " + place.path());
      if (place.mount().equals(TOO_LARGE)) {
        throw new AdminException(Kind.CONFLICT, "it does not fit; name less");
      }
      if (place.path().equals("missing")) {
        failures.add(new Failure("/" + place.mount() + "/missing", "is not there"));
      } else {
        files++;
      }
      if (!sink.take(
          new Progress.State(files, places.size(), 1_024L * files, 1_024L * places.size()))) {
        throw new AdminException(Kind.STORE, "nobody reads");
      }
    }
    return new Outcome(files, 1_024L * files, 1, 2, failures.size(), failures);
  }

  @Override
  public Outcome warm(List<Place> places, Progress.Sink sink) throws AdminException {
    return take("warm", places, sink);
  }

  @Override
  public Outcome evict(List<Place> places, Progress.Sink sink) throws AdminException {
    return take("evict", places, sink);
  }

  @Override
  public synchronized Outcome pin(List<Place> places, Progress.Sink sink) throws AdminException {
    pinned.addAll(places);
    return take("pin", places, sink);
  }

  @Override
  public synchronized Outcome unpin(List<Place> places) throws AdminException {
    pinned.removeAll(places);
    return take("unpin", places, _ -> true);
  }

  @Override
  public synchronized Pinned pins() {
    return new Pinned(
        pinned.stream()
            .map(place ->
                place.path().equals("damaged")
                    ? new PinEntry(place.mount(), "/damaged", 0, null)
                    : new PinEntry(
                        place.mount(), "/" + place.path(), 2_048, FakeAdministration.THEN))
            .toList(),
        4_096);
  }

  @Override
  public Outcome copyIn(Place place, String from, Progress.Sink sink) throws AdminException {
    return take("import " + from, List.of(place), sink);
  }
}
