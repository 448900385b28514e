package io.bucketfs.core.runtime;

import java.lang.reflect.Constructor;
import java.util.concurrent.Executor;

/**
 * Virtual threads on a scheduler of our own. JDK 25 has that inside but shows no API for it, so
 * tests run with {@code --add-opens java.base/java.lang=ALL-UNNAMED}.
 */
final class VirtualThreads {
  private static final Constructor<? extends Thread.Builder.OfVirtual> BUILDER = builder();

  private VirtualThreads() {}

  /** Starts a virtual thread each part of which is handed to the scheduler. */
  static Thread start(Executor scheduler, String name, Runnable task) {
    try {
      return BUILDER.newInstance(scheduler).name(name).start(task);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("this JDK hides the scheduler of virtual threads", e);
    }
  }

  private static Constructor<? extends Thread.Builder.OfVirtual> builder() {
    try {
      var constructor =
          Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
              .asSubclass(Thread.Builder.OfVirtual.class)
              .getDeclaredConstructor(Executor.class);
      constructor.setAccessible(true);
      return constructor;
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("this JDK hides the scheduler of virtual threads", e);
    }
  }
}
