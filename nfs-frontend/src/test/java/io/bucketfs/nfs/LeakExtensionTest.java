package io.bucketfs.nfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.LeakPresenceDetector;
import io.netty.util.ResourceLeakDetector;
import org.junit.jupiter.api.Test;

/** The leak check itself: it is on, and it sees a buffer that nobody releases. */
final class LeakExtensionTest {
  @Test
  void aBufferThatIsNotReleasedIsSeen() {
    assertThat(ResourceLeakDetector.getLevel()).isEqualTo(ResourceLeakDetector.Level.PARANOID);
    var forgotten = PooledByteBufAllocator.DEFAULT.directBuffer(16);
    assertThatThrownBy(LeakPresenceDetector::check).hasMessageContaining("memory leak");
    forgotten.release();
    // What was reported and is released after all is reported once more, and then forgotten.
    assertThatThrownBy(LeakPresenceDetector::check).hasMessageContaining("after all");
    LeakPresenceDetector.check();
  }
}
