package io.bucketfs.app.cli;

import io.bucketfs.app.admin.AdminClient.NotRunningException;
import io.bucketfs.app.admin.AdminClient.RefusedException;
import io.bucketfs.app.config.InvalidInputException;
import io.bucketfs.app.config.Problems;
import java.io.IOException;

/** A command that can be run. One instance runs once. */
interface Command {
  /** Reports what is wrong with the options, also where some of them could not be read. */
  default void check(Problems problems) {}

  /** Does it; the options are right. */
  int run()
      throws IOException,
          InterruptedException,
          InvalidInputException,
          NotRunningException,
          RefusedException;
}
