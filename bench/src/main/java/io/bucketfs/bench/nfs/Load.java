package io.bucketfs.bench.nfs;

import java.util.List;

/**
 * A load: so many clients, each with a session, connections that share it, and as many requests at
 * once as it uses slots.
 */
record Load(List<Action> actions, int clients, int connections, int slots) {
  Load {
    if (clients < 1 || connections < 1 || slots < connections) {
      throw new IllegalArgumentException("at least one client, connection, and slot on each");
    }
  }

  /** Reads {@code ACTIONS[/CLIENTSxCONNECTIONSxSLOTS]}; one, one and 64 unless said. */
  static Load parse(String text) {
    var halves = text.split("/", 2);
    var sizes = halves.length == 2 ? halves[1].split("x", -1) : new String[] {"1", "1", "64"};
    if (sizes.length != 3) {
      throw new IllegalArgumentException("CLIENTSxCONNECTIONSxSLOTS, not " + halves[1]);
    }
    return new Load(
        Action.parse(halves[0]),
        Integer.parseInt(sizes[0]),
        Integer.parseInt(sizes[1]),
        Integer.parseInt(sizes[2]));
  }
}
