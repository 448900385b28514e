package io.bucketfs.core.local;

import org.jspecify.annotations.Nullable;

/**
 * A change of what the protocol engine notes beside the metadata.
 *
 * <p>A note outlives the process, however it ends. It does not outlive a loss of power: after one
 * there are none. So it costs no sync of the disk.
 *
 * @param value null where the note goes
 */
public record Note(byte[] key, byte @Nullable [] value) {}
