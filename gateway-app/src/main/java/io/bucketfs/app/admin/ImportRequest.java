package io.bucketfs.app.admin;

import io.bucketfs.core.admin.KeepOrders.Place;

/**
 * A tree that is to be copied into a mount.
 *
 * @param from an absolute path on the gateway's machine
 */
public record ImportRequest(Place to, String from) {}
