package io.bucketfs.nfs.exec;

import io.bucketfs.nfs.op.OperationCode;
import io.bucketfs.nfs.rpc.RpcCall;
import io.bucketfs.nfs.xdr.BadXdr;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;

/** Finds the data of a WRITE in a request of which only the beginning is there. */
final class LargeData {
  /** SEQUENCE, PUTFH, WRITE is what clients send. */
  private static final int OPERATIONS_MAX = 4;

  private static final int HANDLE_BYTES_MAX = 128;
  private static final int SEQUENCE_BYTES = 32;

  /** Stateid, offset, and how stable. */
  private static final int BEFORE_LENGTH_BYTES = 28;

  private LargeData() {}

  /** Where the data begins, or 0 where that is not seen. */
  static int position(ByteBuf head) {
    try {
      Xdr.skip(head, 8);
      RpcCall.read(0, head);
      CompoundHeader.read(head);
      for (var i = 0; i < OPERATIONS_MAX; i++) {
        var operation = Xdr.readInt(head);
        if (operation == OperationCode.SEQUENCE.number()) {
          Xdr.skip(head, SEQUENCE_BYTES);
        } else if (operation == OperationCode.PUTFH.number()) {
          Xdr.skipOpaque(head, HANDLE_BYTES_MAX);
        } else if (operation == OperationCode.WRITE.number()) {
          Xdr.skip(head, BEFORE_LENGTH_BYTES + Integer.BYTES);
          return head.readerIndex();
        } else {
          return 0;
        }
      }
      return 0;
    } catch (BadXdr _) {
      return 0;
    }
  }
}
