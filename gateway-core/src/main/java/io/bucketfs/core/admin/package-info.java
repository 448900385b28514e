/** What an operator can ask and order; the admin API and the command line are thin over it. */
@NullMarked
package io.bucketfs.core.admin;

import org.jspecify.annotations.NullMarked;
