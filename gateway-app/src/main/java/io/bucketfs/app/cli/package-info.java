/** The command line. Commands but serve and demo are clients of the admin API. */
@NullMarked
package io.bucketfs.app.cli;

import org.jspecify.annotations.NullMarked;
