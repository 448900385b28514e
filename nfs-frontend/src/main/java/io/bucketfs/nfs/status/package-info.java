/** The statuses of RFC 8881, 15, and the one place where a file system's failure becomes one. */
@NullMarked
package io.bucketfs.nfs.status;

import org.jspecify.annotations.NullMarked;
