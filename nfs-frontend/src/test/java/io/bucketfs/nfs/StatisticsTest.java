package io.bucketfs.nfs;

import static io.bucketfs.nfs.TestOps.getAttr;
import static io.bucketfs.nfs.TestOps.lookup;
import static io.bucketfs.nfs.TestOps.putRoot;
import static org.assertj.core.api.Assertions.assertThat;

import io.bucketfs.nfs.attr.Attribute;
import io.bucketfs.nfs.attr.AttributeMask;
import io.bucketfs.nfs.op.OperationCode;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code df} and quota tools are told (RFC 8881, 5.8.2.10 to 5.8.2.12, 5.8.2.28 to 30). */
@Timeout(60)
final class StatisticsTest {
  private static final long TOTAL = 1L << 40;

  @Test
  void spaceAndQuotaAreThoseOfTheFileSystem() throws Exception {
    try (var server = new NfsTestServer(new MemoryFileSystem(), Duration.ofSeconds(60));
        var client = TestClient.connected(server.port(), "a")) {
      assertThat(ask(client, Attribute.SPACE_TOTAL)).isEqualTo(TOTAL);
      assertThat(ask(client, Attribute.SPACE_FREE)).isEqualTo(TOTAL / 4);
      assertThat(ask(client, Attribute.SPACE_AVAIL)).isEqualTo(TOTAL / 8);
      assertThat(ask(client, Attribute.QUOTA_AVAIL_HARD)).isEqualTo(TOTAL / 8);
      assertThat(ask(client, Attribute.QUOTA_AVAIL_SOFT)).isEqualTo(TOTAL / 8);
      assertThat(ask(client, Attribute.QUOTA_USED)).isEqualTo(TOTAL / 4 * 3);
      assertThat(ask(client, Attribute.FILES_TOTAL)).isEqualTo(1L << 20);
      assertThat(ask(client, Attribute.FILES_FREE)).isLessThan(1L << 20);
    }
  }

  private static long ask(TestClient client, int attribute) throws Exception {
    var reply = client.call(putRoot(), lookup("data"), getAttr(attribute)).requireOk();
    reply.ok(OperationCode.PUTROOTFH, OperationCode.LOOKUP, OperationCode.GETATTR);
    assertThat(AttributeMask.read(reply.body())).isEqualTo(AttributeMask.of(attribute));
    assertThat(reply.body().readInt()).isEqualTo(Long.BYTES);
    return reply.body().readLong();
  }
}
