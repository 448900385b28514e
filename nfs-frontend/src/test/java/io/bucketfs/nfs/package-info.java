/** Tests of the front end, with an in-memory file system and a small client. */
@NullMarked
package io.bucketfs.nfs;

import org.jspecify.annotations.NullMarked;
