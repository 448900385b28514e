package io.bucketfs.cache.extent;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * System calls of Linux that the JDK does not have: asynchronous reads of files (io_setup(2),
 * io_submit(2), io_getevents(2)) that pass by the page cache. Not io_uring, which container
 * runtimes forbid by default.
 *
 * <p>Thread-safe.
 */
final class LinuxAio {
  /** linux/aio_abi.h. */
  private static final StructLayout IOCB =
      MemoryLayout.structLayout(
          ValueLayout.JAVA_LONG.withName("data"),
          ValueLayout.JAVA_INT.withName("key"),
          ValueLayout.JAVA_INT.withName("rw_flags"),
          ValueLayout.JAVA_SHORT.withName("opcode"),
          ValueLayout.JAVA_SHORT.withName("priority"),
          ValueLayout.JAVA_INT.withName("file"),
          ValueLayout.JAVA_LONG.withName("buffer"),
          ValueLayout.JAVA_LONG.withName("bytes"),
          ValueLayout.JAVA_LONG.withName("offset"),
          ValueLayout.JAVA_LONG.withName("reserved"),
          ValueLayout.JAVA_INT.withName("flags"),
          ValueLayout.JAVA_INT.withName("event_file"));

  private static final VarHandle IOCB_DATA = field(IOCB, "data");
  private static final VarHandle IOCB_RW_FLAGS = field(IOCB, "rw_flags");
  private static final VarHandle IOCB_FILE = field(IOCB, "file");
  private static final VarHandle IOCB_BUFFER = field(IOCB, "buffer");
  private static final VarHandle IOCB_BYTES = field(IOCB, "bytes");
  private static final VarHandle IOCB_OFFSET = field(IOCB, "offset");

  private static final StructLayout EVENT =
      MemoryLayout.structLayout(
          ValueLayout.JAVA_LONG.withName("data"),
          ValueLayout.JAVA_LONG.withName("iocb"),
          ValueLayout.JAVA_LONG.withName("result"),
          ValueLayout.JAVA_LONG.withName("result2"));

  private static final VarHandle EVENT_DATA = field(EVENT, "data");
  private static final VarHandle EVENT_RESULT = field(EVENT, "result");

  static final long IOCB_BYTES_EACH = IOCB.byteSize();
  static final long EVENT_BYTES_EACH = EVENT.byteSize();

  /** To fail with EAGAIN instead of waiting for anything but the read itself (preadv2(2)). */
  private static final int RWF_NOWAIT = 8;

  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO = field(STATE, "errno");
  private static final int AT_CWD = -100;
  private static final int O_CLOEXEC = 0x80000;

  static final int EINTR = 4;
  static final int EAGAIN = 11;

  private final MethodHandle syscall;
  private final Numbers numbers;

  private LinuxAio(MethodHandle syscall, Numbers numbers) {
    this.syscall = syscall;
    this.numbers = numbers;
  }

  /** What differs between processors. */
  private record Numbers(
      long openat, long close, long setup, long destroy, long getevents, long submit, int direct) {
    static @Nullable Numbers here() {
      if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux")) {
        return null;
      }
      return switch (System.getProperty("os.arch")) {
        case "amd64" -> new Numbers(257, 3, 206, 207, 208, 209, 0x4000);
        case "aarch64" -> new Numbers(56, 57, 0, 1, 4, 2, 0x10000);
        case null, default -> null;
      };
    }
  }

  /** Returns null where the system has no such calls, or they are not known for it. */
  @SuppressWarnings("restricted") // like the natives of the libraries
  static @Nullable LinuxAio find() {
    var numbers = Numbers.here();
    var linker = Linker.nativeLinker();
    var function = linker.defaultLookup().find("syscall");
    if (numbers == null || function.isEmpty()) {
      return null;
    }
    var number = ValueLayout.JAVA_LONG;
    var handle =
        linker.downcallHandle(
            function.get(),
            FunctionDescriptor.of(number, number, number, number, number, number, number),
            Linker.Option.firstVariadicArg(1),
            Linker.Option.captureCallState("errno"));
    return new LinuxAio(handle, numbers);
  }

  private static VarHandle field(StructLayout layout, String name) {
    return layout.varHandle(PathElement.groupElement(name)).withInvokeExactBehavior();
  }

  /** Memory for the error of a call. Of one thread at a time. */
  static MemorySegment state(Arena arena) {
    return arena.allocate(STATE);
  }

  /** Returns the result, or the negative errno. */
  private long call(MemorySegment state, long number, long a, long b, long c, long d, long e) {
    try {
      var result = (long) syscall.invokeExact(state, number, a, b, c, d, e);
      return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
    } catch (Throwable t) {
      throw new IllegalStateException("cannot call the system", t);
    }
  }

  private static long required(long result, String what) throws IOException {
    if (result < 0) {
      throw new IOException(what + ": errno " + -result);
    }
    return result;
  }

  /** Opens a file for reads past the page cache. Ended by {@link #close}. */
  int openDirect(Path path) throws IOException {
    try (var arena = Arena.ofConfined()) {
      var name = arena.allocateFrom(path.toString());
      var flags = numbers.direct | O_CLOEXEC;
      var result = call(state(arena), numbers.openat, AT_CWD, name.address(), flags, 0, 0);
      return (int) required(result, "cannot open " + path);
    }
  }

  void close(int file) {
    try (var arena = Arena.ofConfined()) {
      var _ = call(state(arena), numbers.close, file, 0, 0, 0, 0);
    }
  }

  /** Creates a context for so many reads at a time. Ended by {@link #destroy}. */
  long setup(int reads) throws IOException {
    try (var arena = Arena.ofConfined()) {
      var context = arena.allocate(ValueLayout.JAVA_LONG);
      var result = call(state(arena), numbers.setup, reads, context.address(), 0, 0, 0);
      var _ = required(result, "cannot set up asynchronous reads");
      return context.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  /** Ends a context, and waits for its reads. Who waits for events is told EINVAL. */
  void destroy(long context) {
    try (var arena = Arena.ofConfined()) {
      var _ = call(state(arena), numbers.destroy, context, 0, 0, 0, 0);
    }
  }

  /** Describes a read; zeroes elsewhere in the memory are taken for granted. */
  static void fill(
      MemorySegment iocb, long data, int file, MemorySegment buffer, long bytes, long position) {
    IOCB_DATA.set(iocb, 0L, data);
    IOCB_RW_FLAGS.set(iocb, 0L, RWF_NOWAIT);
    IOCB_FILE.set(iocb, 0L, file);
    IOCB_BUFFER.set(iocb, 0L, buffer.address());
    IOCB_BYTES.set(iocb, 0L, bytes);
    IOCB_OFFSET.set(iocb, 0L, position);
  }

  /**
   * Begins reads.
   *
   * @param pointers the addresses of their descriptions
   * @return how many of them, from the first on, or the negative errno of the first
   */
  int submit(long context, MemorySegment pointers, int count, MemorySegment state) {
    return (int) call(state, numbers.submit, context, count, pointers.address(), 0, 0);
  }

  /** Waits for at least one read to end. Returns how many have, or the negative errno. */
  int await(long context, MemorySegment events, int eventsMax, MemorySegment state) {
    return (int) call(state, numbers.getevents, context, 1, eventsMax, events.address(), 0);
  }

  /** The data of the read that an event tells the end of. */
  static long data(MemorySegment events, int index) {
    return (long) EVENT_DATA.get(events, index * EVENT_BYTES_EACH);
  }

  /** Bytes read, or the negative errno. */
  static long result(MemorySegment events, int index) {
    return (long) EVENT_RESULT.get(events, index * EVENT_BYTES_EACH);
  }
}
