/** The admin API: HTTP on loopback over the core's Administration, and its client. */
@NullMarked
package io.bucketfs.app.admin;

import org.jspecify.annotations.NullMarked;
