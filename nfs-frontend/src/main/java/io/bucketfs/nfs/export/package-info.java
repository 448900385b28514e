/** The pseudo-root and filehandles. */
@NullMarked
package io.bucketfs.nfs.export;

import org.jspecify.annotations.NullMarked;
