/** Runs COMPOUNDs: on the event loop while memory can answer, else on a virtual thread. */
@NullMarked
package io.bucketfs.nfs.exec;

import org.jspecify.annotations.NullMarked;
