/**
 * Clients, sessions, slots, opens, byte-range locks and their stateids (RFC 8881, 2.4, 2.10, 8, 9).
 *
 * <p>Lock order: {@link io.bucketfs.nfs.state.Clients} before {@link io.bucketfs.nfs.state.Client}
 * before a file's state before a {@link io.bucketfs.nfs.state.Slot}. Under none of them is the file
 * system called, anything sent or waited for.
 */
@NullMarked
package io.bucketfs.nfs.state;

import org.jspecify.annotations.NullMarked;
