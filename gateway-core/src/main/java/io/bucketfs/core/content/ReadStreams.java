package io.bucketfs.core.content;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who reads a file from front to back, and how far ahead of them to fetch: not at all with a first
 * read in the middle, then twice as much as they have read.
 *
 * <p>Several may read at once, each at a place of its own. A client sends many requests of one
 * reader at a time, which come in any order: one that is near where a reader has got to is of that
 * reader. A random reader is hardly ever near itself.
 *
 * <p>Guarded by the file's lock.
 */
final class ReadStreams {
  private static final int STREAMS_MAX = 8;

  /** How many requests of its size a request may be away from where its reader has got to. */
  private static final int NEAR_REQUESTS = 8;

  private final int windowBytesMin;
  private final int windowBytesMax;

  /** The one that was used last comes first. */
  private final List<Stream> streams = new ArrayList<>(1);

  /** One reader. */
  private static final class Stream {
    private final long begin;

    /** How far it has got. */
    private long at;

    /** Whether it read more than once, or from the start of the file. */
    private boolean goesOn;

    /** Up to where was fetched for it. */
    private long fetchedTo;

    Stream(long from, long to) {
      begin = from;
      at = to;
      fetchedTo = to;
      goesOn = from == 0;
    }

    void advance(long to) {
      at = Math.max(at, to);
      goesOn = true;
    }
  }

  /** A part of the file. */
  record Range(long from, long to) {}

  ReadStreams(int windowBytesMin, int windowBytesMax) {
    this.windowBytesMin = windowBytesMin;
    this.windowBytesMax = windowBytesMax;
  }

  private long windowBytes(Stream stream) {
    return stream.goesOn
        ? Math.clamp(2 * (stream.at - stream.begin), windowBytesMin, windowBytesMax)
        : 0;
  }

  /** Notes a read of something that is not here. Returns up to where to fetch, at least its end. */
  long missed(long from, long to) {
    var stream = advance(from, to);
    stream.fetchedTo = Math.max(stream.fetchedTo, stream.at + windowBytes(stream));
    return Math.max(to, stream.fetchedTo);
  }

  /** Notes a read of something that is here. Returns what to fetch ahead of it, or null. */
  @Nullable Range hit(long from, long to, long end) {
    var stream = advance(from, to);
    var window = windowBytes(stream);
    var start = Math.max(stream.at, stream.fetchedTo);
    if (window == 0 || start >= end || start - stream.at > window / 2) {
      return null;
    }
    stream.fetchedTo = stream.at + window;
    return new Range(start, stream.fetchedTo);
  }

  private Stream advance(long from, long to) {
    var stream = find(from, to);
    if (stream == null) {
      stream = new Stream(from, to);
      if (streams.size() == STREAMS_MAX) {
        streams.removeLast();
      }
      streams.addFirst(stream);
    } else {
      stream.advance(to);
    }
    return stream;
  }

  private @Nullable Stream find(long from, long to) {
    var near = NEAR_REQUESTS * (to - from);
    for (var i = 0; i < streams.size(); i++) {
      var stream = streams.get(i);
      if (from <= stream.at + near && to >= stream.at - near) {
        if (i > 0) {
          streams.remove(i);
          streams.addFirst(stream);
        }
        return stream;
      }
    }
    return null;
  }
}
