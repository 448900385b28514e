package io.bucketfs.app.admin;

import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.AdminException.Kind;
import io.bucketfs.core.admin.KeepOrders;
import io.bucketfs.core.admin.KeepOrders.Place;
import io.bucketfs.core.residency.Progress;
import io.bucketfs.core.residency.Residency.Outcome;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The orders of the admin API that take long and tell how far they are. */
final class KeepApi {
  private final KeepOrders orders;

  KeepApi(KeepOrders orders) {
    this.orders = orders;
  }

  /**
   * A reply that is written while its order is carried out: a line for each state of it, and one
   * for what came of it.
   */
  @FunctionalInterface
  interface Lines {
    /**
     * Carries out the order.
     *
     * @param line takes the next line; false says that nobody reads it
     * @return the last line
     */
    Object run(Predicate<Object> line) throws AdminException;
  }

  /** An order with its progress. */
  @FunctionalInterface
  private interface Order {
    Outcome run(Progress.Sink sink) throws AdminException;
  }

  /** What is done for a path of the API; null where it is no order. */
  @Nullable Lines order(String name, String body) throws AdminException {
    return switch (name) {
      case "warm" -> {
        var places = places(body);
        yield lines(sink -> orders.warm(places, sink));
      }
      case "evict" -> {
        var places = places(body);
        yield lines(sink -> orders.evict(places, sink));
      }
      case "pin" -> {
        var places = places(body);
        yield lines(sink -> orders.pin(places, sink));
      }
      case "unpin" -> {
        var places = places(body);
        yield lines(_ -> orders.unpin(places));
      }
      case "import" -> {
        var request = Json.MAPPER.readValue(body, ImportRequest.class);
        // Jackson leaves absent fields null, whatever the record says.
        @Nullable Place to = request.to();
        @Nullable String from = request.from();
        if (to == null || from == null) {
          throw new AdminException(Kind.INVALID, "to and from are wanted.");
        }
        yield lines(sink -> orders.copyIn(complete(to), from, sink));
      }
      default -> null;
    };
  }

  /** What is pinned. */
  KeepOrders.Pinned pins() throws AdminException {
    return orders.pins();
  }

  private static Lines lines(Order order) {
    return line -> {
      var outcome = order.run(state -> line.test(new OrderLine(state, null, null, 0)));
      return new OrderLine(null, outcome, null, 0);
    };
  }

  private static List<Place> places(String body) throws AdminException {
    var request = Json.MAPPER.readValue(body, KeepRequest.class);
    // Jackson leaves absent fields null, whatever the record says.
    @Nullable List<Place> places = request.places();
    if (places == null || places.isEmpty()) {
      throw new AdminException(Kind.INVALID, "places is missing: paths of mounts.");
    }
    for (var place : places) {
      complete(place);
    }
    return places;
  }

  private static Place complete(Place place) throws AdminException {
    @Nullable String mount = place.mount();
    @Nullable String path = place.path();
    if (mount == null || mount.isEmpty() || path == null) {
      throw new AdminException(Kind.INVALID, "a place has a mount and a path.");
    }
    return place;
  }
}
