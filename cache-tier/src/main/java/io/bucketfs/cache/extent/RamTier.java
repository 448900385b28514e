package io.bucketfs.cache.extent;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import io.bucketfs.core.local.ExtentRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of records in memory, bounded in bytes. Caffeine's admission keeps a scan from washing out
 * what is read again and again.
 *
 * <p>A block's buffer is shared with readers by reference count. Netty recycles buffer objects, so
 * a reader that was overtaken by an eviction could find the buffer alive again as someone else's;
 * hence it first takes hold of the {@link Block}, which is never recycled.
 */
final class RamTier implements AutoCloseable {
  /** What an entry costs besides its bytes: key, block, buffer object and Caffeine's node. */
  private static final int ENTRY_BYTES = 300;

  /** How much each arena of {@link #allocator} is to hold at least. */
  private static final long ARENA_BYTES_MIN = 64L << 20;

  private static final int ARENAS_MAX = 4;
  private static final int PAGE_BYTES = 8 << 10;

  /** A chunk is {@link #PAGE_BYTES} times two to the power of this: 4 MiB, Netty's default. */
  private static final int CHUNK_ORDER = 9;

  private final Cache<Key, Block> blocks;
  private final ByteBufAllocator allocator;
  private volatile boolean closed;

  RamTier(long bytesMax) {
    var arenas = Math.clamp(bytesMax / ARENA_BYTES_MIN, 1, ARENAS_MAX);
    allocator = new PooledByteBufAllocator(true, 0, arenas, PAGE_BYTES, CHUNK_ORDER, 0, 0, false);
    blocks =
        Caffeine.newBuilder()
            .maximumWeight(bytesMax)
            .weigher((Key _, Block block) -> block.buffer.capacity() + ENTRY_BYTES)
            // Removals release memory, which must not wait for a pool of threads.
            .executor(Runnable::run)
            .removalListener((@Nullable Key _, @Nullable Block block, RemovalCause _) -> {
              if (block != null) {
                block.release();
              }
            })
            .build();
  }

  /** A block of a record. */
  record Key(long file, long position, int block) {
    Key(ExtentRecord record, int block) {
      this(record.file(), record.position(), block);
    }
  }

  /**
   * Where blocks that are to be put in come from. Blocks stay for long; among buffers of other
   * sizes, which come and go, they would keep whole chunks of memory from being used.
   */
  ByteBufAllocator allocator() {
    return allocator;
  }

  /** Some bytes of a block, which the receiver releases, or null where the block is not here. */
  @Nullable ByteBuf get(Key key, int from, int length) {
    var block = blocks.getIfPresent(key);
    return block == null ? null : block.slice(from, length);
  }

  /** Puts in a block, and takes over the buffer. */
  void put(Key key, ByteBuf buffer) {
    var block = new Block(buffer);
    blocks.put(key, block);
    if (closed) {
      blocks.invalidate(key);
    }
  }

  /** Changes the bound, at once; readers keep what they have. */
  void setBytesMax(long bytes) {
    blocks.policy().eviction().orElseThrow().setMaximum(bytes);
    blocks.cleanUp();
  }

  /** Bytes of all blocks. */
  long bytes() {
    return blocks.policy().eviction().map(it -> it.weightedSize().orElse(0)).orElse(0L);
  }

  /** Lets go of all blocks; readers keep theirs. */
  @Override
  public void close() {
    closed = true;
    blocks.invalidateAll();
    blocks.cleanUp();
  }

  /** A buffer with its holders: the cache, and each reader for as long as it takes a slice. */
  private static final class Block {
    private final ByteBuf buffer;
    private final AtomicInteger holders = new AtomicInteger(1);

    Block(ByteBuf buffer) {
      this.buffer = buffer;
    }

    @Nullable ByteBuf slice(int from, int length) {
      if (holders.getAndUpdate(count -> count == 0 ? 0 : count + 1) == 0) {
        return null;
      }
      try {
        return buffer.retainedSlice(buffer.readerIndex() + from, length);
      } finally {
        release();
      }
    }

    void release() {
      if (holders.decrementAndGet() == 0) {
        buffer.release();
      }
    }
  }
}
