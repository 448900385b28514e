package io.bucketfs.app.admin;

import java.nio.file.Path;

/**
 * What the admin API says about the process beside what the core knows.
 *
 * @param listen the address that NFS listens on
 */
public record GatewayInfo(String version, Path state, String listen, int port) {}
