package io.bucketfs.bench.hits;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.PriorityQueue;

/** Caches that the tiers are compared with. The second half of the requests counts. */
final class Yardsticks {
  private Yardsticks() {}

  /** Hits of a cache that drops what was used least recently. */
  static int leastRecentlyUsed(int fit, int... requests) {
    var cached = new LinkedHashMap<Integer, Boolean>(fit, 0.75f, true);
    var hits = 0;
    for (var i = 0; i < requests.length; i++) {
      var hit = cached.put(requests[i], true) != null;
      if (hit && i >= requests.length / 2) {
        hits++;
      }
      if (cached.size() > fit) {
        cached.pollFirstEntry();
      }
    }
    return hits;
  }

  private record Use(int object, int nextUse) {}

  /** Hits of a cache that knows what comes, and keeps what is asked for again soonest. */
  static int optimum(int fit, int... requests) {
    var nextUse = new int[requests.length];
    var seen = new HashMap<Integer, Integer>();
    for (var i = requests.length - 1; i >= 0; i--) {
      var next = seen.put(requests[i], i);
      nextUse[i] = next == null ? Integer.MAX_VALUE : next;
    }
    var cached = new HashMap<Integer, Integer>();
    var latest = new PriorityQueue<>(Comparator.comparingInt(Use::nextUse).reversed());
    var hits = 0;
    for (var i = 0; i < requests.length; i++) {
      var hit = cached.put(requests[i], nextUse[i]) != null;
      if (hit && i >= requests.length / 2) {
        hits++;
      }
      latest.add(new Use(requests[i], nextUse[i]));
      while (cached.size() > fit) {
        var out = latest.remove();
        cached.remove(out.object, out.nextUse);
      }
    }
    return hits;
  }
}
