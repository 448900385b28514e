package io.bucketfs.nfs.attr;

import io.bucketfs.core.vfs.SetAttributes;
import io.bucketfs.core.vfs.SetAttributes.TimeChange;
import io.bucketfs.nfs.status.NfsException;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads the attributes that a client wants to set. */
public final class AttributeReader {
  /** RFC 8881, 3.2: owners are strings of any length; ours are numbers. */
  private static final int OWNER_BYTES_MAX = 1024;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** So many seconds around the epoch have nanoseconds that fit 64 bits. */
  private static final long SECONDS_MAX = Long.MAX_VALUE / NANOS_PER_SECOND - 1;

  private @Nullable Integer mode;
  private @Nullable Integer uid;
  private @Nullable Integer gid;
  private @Nullable Long sizeBytes;
  private @Nullable TimeChange accessTime;
  private @Nullable TimeChange modifyTime;

  private AttributeReader() {}

  /**
   * Attributes to set.
   *
   * @param mask which of them the client named
   */
  public record Wanted(AttributeMask mask, SetAttributes values) {
    /** Nothing. */
    public static final Wanted NOTHING = new Wanted(AttributeMask.NONE, SetAttributes.NONE);
  }

  /**
   * Makes sense of an fattr4.
   *
   * @throws NfsException ATTRNOTSUPP for what is not supported, INVAL for what cannot be set, or
   *     not together, BADOWNER for owners that are not numbers, BADXDR where the lengths do not fit
   */
  public static Wanted read(RawAttributes raw, int minorVersion) throws NfsException {
    var mask = raw.mask();
    if (!mask.isWithin(Attribute.supported(minorVersion))) {
      throw new NfsException(NfsStatus.ATTRNOTSUPP);
    }
    if (!mask.isWithin(Attribute.settable(minorVersion))) {
      throw new NfsException(NfsStatus.INVAL);
    }
    if (mask.has(Attribute.MODE) && mask.has(Attribute.MODE_UMASK)) {
      throw new NfsException(NfsStatus.INVAL);
    }
    var in = raw.values().duplicate();
    var reader = new AttributeReader();
    try {
      for (var bits = mask.low(); bits != 0; bits &= bits - 1) {
        reader.readOne(in, Long.numberOfTrailingZeros(bits));
      }
      for (var bits = mask.high(); bits != 0; bits &= bits - 1) {
        reader.readOne(in, 64 + Long.numberOfTrailingZeros(bits));
      }
    } catch (BadXdr _) {
      throw new NfsException(NfsStatus.BADXDR);
    }
    if (in.isReadable()) {
      throw new NfsException(NfsStatus.BADXDR);
    }
    return new Wanted(
        mask,
        new SetAttributes(
            reader.mode,
            reader.uid,
            reader.gid,
            reader.sizeBytes,
            reader.accessTime,
            reader.modifyTime));
  }

  private void readOne(ByteBuf in, int number) throws NfsException {
    switch (number) {
      case Attribute.SIZE -> {
        sizeBytes = Xdr.readLong(in);
        if (sizeBytes < 0) {
          throw new NfsException(NfsStatus.FBIG);
        }
      }
      case Attribute.MODE -> mode = readMode(in);
      case Attribute.OWNER -> uid = readOwner(in);
      case Attribute.OWNER_GROUP -> gid = readOwner(in);
      case Attribute.TIME_ACCESS_SET -> accessTime = readTime(in);
      case Attribute.TIME_MODIFY_SET -> modifyTime = readTime(in);
      case Attribute.MODE_UMASK -> {
        // RFC 8275: the umask counts where no ACL is inherited, and there are no ACLs here.
        var wanted = readMode(in);
        mode = wanted & ~Xdr.readInt(in);
      }
      default -> throw new IllegalStateException("settable but not read: " + number);
    }
  }

  private static int readMode(ByteBuf in) throws NfsException {
    var bits = Xdr.readInt(in);
    if ((bits & ~07777) != 0) {
      throw new NfsException(NfsStatus.INVAL);
    }
    return bits;
  }

  /** Reads {@code 1000} or {@code 1000@domain}. */
  private static int readOwner(ByteBuf in) throws NfsException {
    var text = Xdr.readSlice(in, OWNER_BYTES_MAX).toString(StandardCharsets.UTF_8);
    var at = text.indexOf('@');
    var digits = at < 0 ? text : text.substring(0, at);
    try {
      if (!digits.startsWith("+")) {
        return Integer.parseUnsignedInt(digits);
      }
    } catch (NumberFormatException _) {
      // answered below
    }
    throw new NfsException(NfsStatus.BADOWNER);
  }

  private static TimeChange readTime(ByteBuf in) throws NfsException {
    return switch (Xdr.readInt(in)) {
      case 0 -> new TimeChange.ServerTime();
      case 1 -> {
        var seconds = Xdr.readLong(in);
        var nanos = Xdr.readInt(in);
        if (nanos < 0
            || nanos >= NANOS_PER_SECOND
            || seconds > SECONDS_MAX
            || seconds < -SECONDS_MAX) {
          throw new NfsException(NfsStatus.INVAL);
        }
        yield new TimeChange.ClientTime(seconds * NANOS_PER_SECOND + nanos);
      }
      default -> throw BadXdr.INSTANCE;
    };
  }
}
