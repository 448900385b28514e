package io.bucketfs.nfs.state;

import java.time.Duration;

/**
 * How much clients may hold.
 *
 * @param courtesyClientsMax how many expired clients keep what nobody else wants
 * @param courtesy how long they keep it
 * @param replyCourtesy how long one that holds nothing keeps its sessions with the replies in them
 * @param replyCacheBytesMax what the kept replies of all slots may take
 */
public record ClientLimits(
    int clientsMax,
    int sessionsPerClientMax,
    int courtesyClientsMax,
    Duration courtesy,
    Duration replyCourtesy,
    long replyCacheBytesMax) {}
