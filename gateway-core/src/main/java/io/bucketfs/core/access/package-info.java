/** Who may use a mount, from where, and as whom. Values only; the NFS engine applies them. */
@NullMarked
package io.bucketfs.core.access;

import org.jspecify.annotations.NullMarked;
