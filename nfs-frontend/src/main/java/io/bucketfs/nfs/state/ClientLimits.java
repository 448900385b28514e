package io.bucketfs.nfs.state;

import java.time.Duration;

/**
 * How much clients may hold.
 *
 * @param courtesyClientsMax how many expired clients keep what nobody else wants
 * @param courtesy how long they keep it
 * @param replyCacheBytesMax what the kept replies of all slots may take
 */
public record ClientLimits(
    int clientsMax,
    int sessionsPerClientMax,
    int courtesyClientsMax,
    Duration courtesy,
    long replyCacheBytesMax) {}
