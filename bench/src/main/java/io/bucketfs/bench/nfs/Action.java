package io.bucketfs.bench.nfs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One kind of request of a load, with its share.
 *
 * @param bytes of a READ, WRITE or APPEND
 */
record Action(Kind kind, int bytes, int weight) {
  /** What is sent. */
  enum Kind {
    /** PUTFH GETATTR with what Linux asks for. */
    GETATTR,
    /** PUTFH LOOKUP GETFH GETATTR. */
    LOOKUP,
    /** PUTFH READ at a random place. */
    READ,
    /** PUTFH WRITE GETATTR at a random place, unstable. */
    WRITE,
    /** The same behind the end of a file, as a copy does; each slot has a file of its own. */
    APPEND,
    /** In turns: PUTFH OPEN CLOSE of a new file, and PUTFH REMOVE of it. */
    CREATE,
    /** PUTFH OPEN CLOSE of a file that is there, to read it. */
    OPEN,
    /** PUTFH READDIR of the folder of the files. */
    READDIR
  }

  private static final int BYTES_MAX = 1 << 20;

  Action {
    if (bytes < 0 || bytes > BYTES_MAX) {
      throw new IllegalArgumentException("0 to " + BYTES_MAX + " bytes, not " + bytes);
    }
    if (weight < 1) {
      throw new IllegalArgumentException("a weight is at least 1, not " + weight);
    }
  }

  /** Reads {@code getattr} or {@code getattr=70,read:4k=20,write:1m=10}. */
  static List<Action> parse(String text) {
    var actions = new ArrayList<Action>();
    for (var part : text.split(",", -1)) {
      var halves = part.split("=", 2);
      var words = halves[0].split(":", 2);
      var kind = Kind.valueOf(words[0].toUpperCase(Locale.ROOT));
      var sized = kind == Kind.READ || kind == Kind.WRITE || kind == Kind.APPEND;
      if (sized != (words.length == 2)) {
        throw new IllegalArgumentException(
            "a size belongs to read, write and append alone: " + part);
      }
      actions.add(
          new Action(
              kind,
              sized ? bytes(words[1]) : 0,
              halves.length == 2 ? Integer.parseInt(halves[1]) : 1));
    }
    return List.copyOf(actions);
  }

  private static int bytes(String text) {
    var last = text.charAt(text.length() - 1);
    var unit = last == 'k' ? 1 << 10 : last == 'm' ? 1 << 20 : 1;
    return unit * Integer.parseInt(unit == 1 ? text : text.substring(0, text.length() - 1));
  }
}
