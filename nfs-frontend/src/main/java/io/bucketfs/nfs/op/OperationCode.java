package io.bucketfs.nfs.op;

import com.google.errorprone.annotations.Immutable;
import io.netty.buffer.ByteBuf;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** All operations that the protocol knows, with their numbers, and how those served are read. */
public enum OperationCode {
  ACCESS(3, Access::read),
  CLOSE(4, Close::read),
  COMMIT(5, Commit::read),
  CREATE(6, Create::read),
  DELEGPURGE(7),
  DELEGRETURN(8),
  GETATTR(9, GetAttr::read),
  GETFH(10, _ -> new GetFh()),
  LINK(11, Link::read),
  LOCK(12, Lock::read),
  LOCKT(13, LockTest::read),
  LOCKU(14, Unlock::read),
  LOOKUP(15, Lookup::read),
  LOOKUPP(16, _ -> new LookupParent()),
  NVERIFY(17, Verify::readNverify),
  OPEN(18, Open::read),
  OPENATTR(19),
  OPEN_CONFIRM(20),
  OPEN_DOWNGRADE(21, OpenDowngrade::read),
  PUTFH(22, PutFh::read),
  PUTPUBFH(23, _ -> new PutRootFh()),
  PUTROOTFH(24, _ -> new PutRootFh()),
  READ(25, Read::read),
  READDIR(26, ReadDir::read),
  READLINK(27, _ -> new ReadLink()),
  REMOVE(28, Remove::read),
  RENAME(29, Rename::read),
  RENEW(30),
  RESTOREFH(31, _ -> new RestoreFh()),
  SAVEFH(32, _ -> new SaveFh()),
  SECINFO(33, SecInfo::read),
  SETATTR(34, SetAttr::read),
  SETCLIENTID(35),
  SETCLIENTID_CONFIRM(36),
  VERIFY(37, Verify::readVerify),
  WRITE(38, Write::read),
  RELEASE_LOCKOWNER(39),
  BACKCHANNEL_CTL(40, BackchannelCtl::read),
  BIND_CONN_TO_SESSION(41, BindConnToSession::read),
  EXCHANGE_ID(42, ExchangeId::read),
  CREATE_SESSION(43, CreateSession::read),
  DESTROY_SESSION(44, DestroySession::read),
  FREE_STATEID(45, FreeStateId::read),
  GET_DIR_DELEGATION(46, GetDirDelegation::read),
  GETDEVICEINFO(47),
  GETDEVICELIST(48),
  LAYOUTCOMMIT(49),
  LAYOUTGET(50),
  LAYOUTRETURN(51),
  SECINFO_NO_NAME(52, SecInfoNoName::read),
  SEQUENCE(53, Sequence::read),
  SET_SSV(54),
  TEST_STATEID(55, TestStateId::read),
  WANT_DELEGATION(56),
  DESTROY_CLIENTID(57, DestroyClientId::read),
  RECLAIM_COMPLETE(58, ReclaimComplete::read),
  ALLOCATE(59, Allocate::read),
  COPY(60, Copy::read),
  COPY_NOTIFY(61),
  DEALLOCATE(62, Deallocate::read),
  IO_ADVISE(63, IoAdvise::read),
  LAYOUTERROR(64),
  LAYOUTSTATS(65),
  OFFLOAD_CANCEL(66),
  OFFLOAD_STATUS(67),
  READ_PLUS(68),
  SEEK(69, Seek::read),
  WRITE_SAME(70),
  CLONE(71, Clone::read),
  GETXATTR(72, GetXattr::read),
  SETXATTR(73, SetXattr::read),
  LISTXATTRS(74, ListXattrs::read),
  REMOVEXATTR(75, RemoveXattr::read);

  /** The number that stands in a reply for an operation that nobody knows. */
  public static final int ILLEGAL = 10_044;

  private static final int LAST_OF_41 = 58;
  private static final @Nullable OperationCode[] BY_NUMBER = new OperationCode[76];

  static {
    for (var code : values()) {
      BY_NUMBER[code.number] = code;
    }
  }

  private final int number;
  private final Reader reader;

  /** Reads an operation's arguments. */
  @Immutable
  @FunctionalInterface
  interface Reader {
    Operation read(ByteBuf in);
  }

  OperationCode(int number) {
    this(number, _ -> new Unsupported());
  }

  OperationCode(int number, Reader reader) {
    this.number = number;
    this.reader = reader;
  }

  /** The operation with a number in a minor version, or null. */
  public static @Nullable OperationCode of(int number, int minorVersion) {
    var last = minorVersion >= 2 ? BY_NUMBER.length - 1 : LAST_OF_41;
    return number < 0 || number > last ? null : BY_NUMBER[number];
  }

  public int number() {
    return number;
  }

  /** The name in metrics. */
  public String tag() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads the arguments; throws {@link io.bucketfs.nfs.xdr.BadXdr} where they are malformed. */
  public Operation read(ByteBuf in) {
    return reader.read(in);
  }
}
