package io.bucketfs.nfs.state;

/**
 * Who made a client record (RFC 8881, 2.4.3), as far as it can be known.
 *
 * @param flavor of the credential
 * @param uid of AUTH_SYS, else 0
 */
public record Principal(int flavor, int uid) {}
