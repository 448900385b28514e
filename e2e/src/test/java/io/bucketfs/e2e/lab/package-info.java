/**
 * Real Linux kernels as NFS clients, without a hypervisor: user-mode-linux guests on the host's own
 * file system, each on a tap of the network namespace that the tests run in.
 */
@NullMarked
package io.bucketfs.e2e.lab;

import org.jspecify.annotations.NullMarked;
