/** Figures for Prometheus. */
@NullMarked
package io.bucketfs.app.metrics;

import org.jspecify.annotations.NullMarked;
