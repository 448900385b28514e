/** Tests of the whole product with real NFS clients and with suites that others wrote. */
@NullMarked
package io.bucketfs.e2e;

import org.jspecify.annotations.NullMarked;
