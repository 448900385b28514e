package io.bucketfs.core.store;

import io.bucketfs.core.vfs.FileSystemException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A small change of the metadata. Transactions run one after another; each sees everything before
 * it, and never waits for anything but the metadata store. It is a function of its inputs and of
 * what it reads through {@link Tx}, so that it can be repeated elsewhere.
 *
 * @param <T> what it answers; may be null
 */
@FunctionalInterface
public interface Transaction<T extends @Nullable Object> {
  /** Reads and changes; whatever it throws undoes all its changes. */
  T apply(Tx tx) throws FileSystemException, IOException;
}
