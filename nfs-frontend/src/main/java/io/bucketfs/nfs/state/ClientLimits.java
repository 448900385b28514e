package io.bucketfs.nfs.state;

import java.time.Duration;

/**
 * How much clients may hold.
 *
 * @param courtesy how long an expired client keeps what nobody else wants
 */
public record ClientLimits(int clientsMax, int sessionsPerClientMax, Duration courtesy) {}
