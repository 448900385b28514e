/** The wiring: all parts of a gateway in one process. */
@NullMarked
package io.bucketfs.app.gateway;

import org.jspecify.annotations.NullMarked;
