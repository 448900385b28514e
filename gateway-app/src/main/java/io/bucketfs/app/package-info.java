/** The product: configuration, wiring, command line. The only module that sees all others. */
@NullMarked
package io.bucketfs.app;

import org.jspecify.annotations.NullMarked;
