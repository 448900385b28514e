/** Settings: where they come from, what they may be, what holds where nothing is said. */
@NullMarked
package io.bucketfs.app.config;

import org.jspecify.annotations.NullMarked;
