package io.bucketfs.nfs.state;

import io.bucketfs.core.vfs.FileId;
import io.bucketfs.nfs.export.Handle;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How far a COMPOUND had come after an operation that changed something. It is noted together with
 * the change. Should the process end before the reply is out, the retry goes on from here.
 *
 * @param sequence of the slot
 * @param fingerprint of the request
 * @param done how many operations are done, SEQUENCE included
 * @param results of all of them but SEQUENCE, as they go to the client; not copied
 */
public record Checkpoint(
    int sequence, long fingerprint, int done, Position position, byte[] results) {
  private static final int NO_HANDLE = 0;
  private static final int PSEUDO_ROOT = 1;
  private static final int NODE = 2;

  /** Above any results that are noted. */
  private static final int RESULTS_BYTES_MAX = 1 << 24;

  /** Filehandles and stateids between two operations. */
  public record Position(
      @Nullable Handle current,
      @Nullable Handle saved,
      @Nullable StateId currentStateId,
      @Nullable StateId savedStateId) {}

  /** The bytes of a note. */
  public byte[] encode() {
    var out = Unpooled.buffer(160 + results.length);
    out.writeInt(sequence).writeLong(fingerprint).writeInt(done);
    write(out, position.current);
    write(out, position.saved);
    write(out, position.currentStateId);
    write(out, position.savedStateId);
    Xdr.writeOpaque(out, results);
    return Arrays.copyOf(out.array(), out.readableBytes());
  }

  private static void write(ByteBuf out, @Nullable Handle handle) {
    switch (handle) {
      case null -> out.writeByte(NO_HANDLE);
      case Handle.PseudoRoot() -> out.writeByte(PSEUDO_ROOT);
      case Handle.Node(FileId(var mount, var inode, var generation), var via) -> {
        out.writeByte(NODE).writeInt(mount).writeLong(inode).writeInt(generation);
        out.writeInt(via);
      }
    }
  }

  private static void write(ByteBuf out, @Nullable StateId id) {
    Xdr.writeBoolean(out, id != null);
    if (id != null) {
      id.write(out);
    }
  }

  /** Reads a note. */
  public static Checkpoint decode(byte[] note) {
    var in = Unpooled.wrappedBuffer(note);
    return new Checkpoint(
        in.readInt(),
        in.readLong(),
        in.readInt(),
        new Position(readHandle(in), readHandle(in), readStateId(in), readStateId(in)),
        Xdr.readBytes(in, RESULTS_BYTES_MAX));
  }

  private static @Nullable Handle readHandle(ByteBuf in) {
    var kind = in.readByte();
    return switch (kind) {
      case NO_HANDLE -> null;
      case PSEUDO_ROOT -> Handle.PSEUDO_ROOT;
      case NODE ->
          new Handle.Node(new FileId(in.readInt(), in.readLong(), in.readInt()), in.readInt());
      default -> throw new IllegalStateException("a handle of kind " + kind);
    };
  }

  private static @Nullable StateId readStateId(ByteBuf in) {
    return Xdr.readBoolean(in) ? StateId.read(in) : null;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Checkpoint that
        && sequence == that.sequence
        && fingerprint == that.fingerprint
        && done == that.done
        && position.equals(that.position)
        && Arrays.equals(results, that.results);
  }

  @Override
  public int hashCode() {
    return Objects.hash(sequence, fingerprint, done, position, Arrays.hashCode(results));
  }
}
