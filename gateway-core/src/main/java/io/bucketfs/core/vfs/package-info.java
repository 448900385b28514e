/** What the protocol calls: the file system as the NFS engine sees it. */
@NullMarked
package io.bucketfs.core.vfs;

import org.jspecify.annotations.NullMarked;
