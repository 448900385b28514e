/** Mounts: what is served under which name, from which bucket, with which policy. */
@NullMarked
package io.bucketfs.core.mount;

import org.jspecify.annotations.NullMarked;
