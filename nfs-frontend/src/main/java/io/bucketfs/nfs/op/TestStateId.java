package io.bucketfs.nfs.op;

import io.bucketfs.nfs.state.StateId;
import io.bucketfs.nfs.status.NfsStatus;
import io.bucketfs.nfs.xdr.Xdr;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/** TEST_STATEID (RFC 8881, 18.48). */
record TestStateId(List<StateId> ids) implements Operation {
  private static final int IDS_MAX = 1024;

  static TestStateId read(ByteBuf in) {
    var ids = new ArrayList<StateId>();
    for (var left = Xdr.readLength(in, IDS_MAX); left > 0; left--) {
      ids.add(StateId.read(in));
    }
    return new TestStateId(ids);
  }

  @Override
  public NfsStatus run(Compound c) {
    c.out().writeInt(ids.size());
    for (var id : ids) {
      c.out().writeInt(c.services().openFiles().test(c.client(), id).code());
    }
    return NfsStatus.OK;
  }
}
