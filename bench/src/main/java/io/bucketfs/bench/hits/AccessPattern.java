package io.bucketfs.bench.hits;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Requests for objects of the same size, of which a cache holds some.
 *
 * @param requests the numbers of the objects
 */
record AccessPattern(String name, int... requests) {
  private static final long SEED = 42;

  /** Patterns for a cache that holds so many objects. */
  static List<AccessPattern> of(int count, int fit) {
    return List.of(
        new AccessPattern("zipf 0.9 over 8x", zipf(count, 0.9, 8 * fit, 0)),
        new AccessPattern("zipf 0.7 over 4x", zipf(count, 0.7, 4 * fit, 0)),
        new AccessPattern("zipf 0.9 over 8x, half of all a scan", zipf(count, 0.9, 8 * fit, 0.5)),
        new AccessPattern("zipf 0.9 over 8x, bursts of scans", bursts(count, fit)),
        new AccessPattern("zipf 0.9 over 4x, moving", moving(count, fit)),
        new AccessPattern("loop of 1.25x", loop(count, fit * 5 / 4, count)),
        new AccessPattern("loop of 2x", loop(count, fit * 2, count)),
        new AccessPattern("epochs of 0.8x, then of others", loop(count, fit * 4 / 5, count / 2)),
        new AccessPattern("epochs of 1.25x in random order", epochs(count, fit * 5 / 4)));
  }

  private static int[] zipf(int count, double exponent, int objects, double scan) {
    var random = new SplittableRandom(SEED);
    var zipf = new Zipf(exponent, objects);
    var requests = new int[count];
    var next = objects;
    for (var i = 0; i < count; i++) {
      requests[i] = random.nextDouble() < scan ? next++ : zipf.next(random);
    }
    return requests;
  }

  /** Scans of twice what fits, and thrice as much between them. */
  private static int[] bursts(int count, int fit) {
    var random = new SplittableRandom(SEED);
    var zipf = new Zipf(0.9, 8 * fit);
    var requests = new int[count];
    var next = 8 * fit;
    for (var i = 0; i < count; i++) {
      requests[i] = i % (5 * fit) >= 3 * fit ? next++ : zipf.next(random);
    }
    return requests;
  }

  /** What is asked for most is something else after each quarter. */
  private static int[] moving(int count, int fit) {
    var random = new SplittableRandom(SEED);
    var zipf = new Zipf(0.9, 4 * fit);
    var requests = new int[count];
    for (var i = 0; i < count; i++) {
      requests[i] = (zipf.next(random) + i / (count / 4) * fit) % (4 * fit);
    }
    return requests;
  }

  /** Others from some request on. */
  private static int[] loop(int count, int objects, int others) {
    var requests = new int[count];
    Arrays.setAll(requests, i -> i % objects + i / others * objects);
    return requests;
  }

  /** All objects once in each epoch. */
  private static int[] epochs(int count, int objects) {
    var random = new SplittableRandom(SEED);
    var order = new int[objects];
    Arrays.setAll(order, i -> i);
    var requests = new int[count];
    for (var i = 0; i < count; i++) {
      if (i % objects == 0) {
        shuffle(order, random);
      }
      requests[i] = order[i % objects];
    }
    return requests;
  }

  private static void shuffle(int[] order, SplittableRandom random) {
    for (var i = order.length - 1; i > 0; i--) {
      var j = random.nextInt(i + 1);
      var swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
  }

  /** Object i with a probability of about 1/(i+1)^exponent. */
  private static final class Zipf {
    private final double[] sums;

    Zipf(double exponent, int objects) {
      sums = new double[objects];
      var sum = 0.0;
      for (var i = 0; i < objects; i++) {
        sum += 1 / Math.pow(i + 1, exponent);
        sums[i] = sum;
      }
    }

    int next(SplittableRandom random) {
      var found = Arrays.binarySearch(sums, random.nextDouble() * sums[sums.length - 1]);
      return found >= 0 ? found : Math.min(-found - 1, sums.length - 1);
    }
  }
}
