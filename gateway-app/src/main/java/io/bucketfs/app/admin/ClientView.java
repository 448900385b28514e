package io.bucketfs.app.admin;

import io.bucketfs.nfs.NfsServer;

/**
 * An NFS client as the admin API shows it.
 *
 * @param id hexadecimal, by which orders name it
 * @param name as the client names itself
 * @param software what it says it runs; may be empty
 * @param leaseAgeSeconds since it was last heard of
 * @param expired whether its lease ran out: it keeps what it has until another client needs it
 * @param opens files that it has open, counted by process or user of the client
 * @param locks byte ranges that it has locked
 */
public record ClientView(
    String id,
    String address,
    String name,
    String software,
    long leaseAgeSeconds,
    boolean expired,
    int sessions,
    int opens,
    int locks) {
  static ClientView of(NfsServer.ClientView client) {
    return new ClientView(
        Long.toHexString(client.id()),
        client.address(),
        client.owner(),
        client.implementation(),
        client.idle().toSeconds(),
        client.expired(),
        client.sessions(),
        client.opens(),
        client.locks());
  }
}
