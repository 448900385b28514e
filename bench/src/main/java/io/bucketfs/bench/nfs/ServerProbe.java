package io.bucketfs.bench.nfs;

import com.sun.management.ThreadMXBean;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.jspecify.annotations.Nullable;

/** What a process has used so far: processor time and, where it is a JVM, heap. */
final class ServerProbe implements AutoCloseable {
  /** Linux's USER_HZ, the unit of times in /proc. */
  private static final long TICK_NANOS = 10_000_000;

  private static final int UTIME = 11;
  private static final int STIME = 12;

  private final long pid;
  private final @Nullable JMXConnector connector;
  private final @Nullable ThreadMXBean threads;

  /**
   * Use up to one moment.
   *
   * @param allocatedBytes by all threads; -1 where it is not known
   */
  record Use(long cpuNanos, long allocatedBytes) {
    static final Use UNKNOWN = new Use(-1, -1);
  }

  private ServerProbe(long pid, @Nullable JMXConnector connector, @Nullable ThreadMXBean threads) {
    this.pid = pid;
    this.connector = connector;
    this.threads = threads;
  }

  /** Looks at a process of this machine; 0 stands for none. */
  @SuppressWarnings("BanJNDI") // the URL is that of a JVM on this machine that we attached to
  static ServerProbe of(long pid) throws IOException {
    if (pid == 0 || !isJvm(pid)) {
      return new ServerProbe(pid, null, null);
    }
    if (pid == ProcessHandle.current().pid()) {
      return new ServerProbe(pid, null, ManagementFactory.getPlatformMXBean(ThreadMXBean.class));
    }
    try {
      var machine = VirtualMachine.attach(Long.toString(pid));
      var url = machine.startLocalManagementAgent();
      machine.detach();
      var connector = JMXConnectorFactory.connect(new JMXServiceURL(url));
      var threads =
          ManagementFactory.newPlatformMXBeanProxy(
              connector.getMBeanServerConnection(),
              ManagementFactory.THREAD_MXBEAN_NAME,
              ThreadMXBean.class);
      return new ServerProbe(pid, connector, threads);
    } catch (AttachNotSupportedException e) {
      throw new IOException("process " + pid + " cannot be attached to", e);
    }
  }

  private static boolean isJvm(long pid) throws IOException {
    return Files.readString(Path.of("/proc/" + pid + "/comm")).strip().equals("java");
  }

  Use use() throws IOException {
    return pid == 0
        ? Use.UNKNOWN
        : new Use(
            cpuNanos("/proc/" + pid + "/stat"),
            threads == null ? -1 : threads.getTotalThreadAllocatedBytes());
  }

  /** Processor time of this process. */
  static long ownCpuNanos() throws IOException {
    return cpuNanos("/proc/self/stat");
  }

  private static long cpuNanos(String file) throws IOException {
    var stat = Files.readString(Path.of(file));
    // The name of the program may hold anything, and ends with the last parenthesis.
    var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME])) * TICK_NANOS;
  }

  @Override
  public void close() throws IOException {
    if (connector != null) {
      connector.close();
    }
  }
}
