package io.bucketfs.e2e.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A Linux kernel that runs as a process. It is booted once and then runs many commands, each a
 * shell script under {@code sh -e} on the programs of the host; several may run at a time.
 *
 * <p>Commands and their ends travel over the guest's second console (the process's standard input
 * and output); scripts and outputs lie in the lab's folder. The first console, with the kernel's
 * messages, goes to a log.
 */
public final class Guest implements AutoCloseable {
  private static final Duration BOOT_MAX = Duration.ofMinutes(1);
  private static final Duration COMMAND_MAX = Duration.ofMinutes(2);
  private static final Duration DIAGNOSIS_MAX = Duration.ofSeconds(5);
  private static final Duration POWER_OFF_MAX = Duration.ofSeconds(10);
  private static final String MEMORY = "768M";

  private final String name;
  private final String hostAddress;
  private final Path commands;
  private final Path console;
  private final Process kernel;
  private final ReentrantLock inputLock = new ReentrantLock();

  @GuardedBy("inputLock")
  private final Writer input;

  private final AtomicInteger lastCommand = new AtomicInteger();
  private final AtomicInteger lastMount = new AtomicInteger();
  private final Map<Integer, CompletableFuture<Integer>> running = new ConcurrentHashMap<>();
  private final CompletableFuture<Void> ready = new CompletableFuture<>();

  private Guest(String name, String hostAddress, Path logs, Process kernel) {
    this.name = name;
    this.hostAddress = hostAddress;
    this.commands = logs.resolve(name);
    this.console = consoleOf(logs, name);
    this.kernel = kernel;
    this.input = kernel.outputWriter(UTF_8);
  }

  static Guest boot(KernelLab lab, String name, String tap, String hostAddress, String address) {
    var command =
        List.of(
            "linux.uml",
            "mem=" + MEMORY,
            "umid=" + name,
            "uml_dir=" + lab.data().resolve("uml"),
            "rootfstype=hostfs",
            "rootflags=/",
            "ro",
            "init=" + lab.initScript(),
            "lab_dir=" + lab.folder(),
            "lab_name=" + name,
            "lab_address=" + address,
            "vec0:transport=tap,ifname=" + tap + ",depth=128,gro=1",
            "con=null",
            "con0=null,fd:2",
            "con1=fd:0,fd:1");
    var guest =
        new Guest(
            name,
            hostAddress,
            lab.logs(),
            ChildProcesses.start(
                new ProcessBuilder(command).redirectError(consoleOf(lab.logs(), name).toFile())));
    guest.listen();
    try {
      Files.createDirectories(guest.commands);
      guest.ready.get(BOOT_MAX.toMillis(), TimeUnit.MILLISECONDS);
      return guest;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ExecutionException | TimeoutException e) {
      ChildProcesses.kill(guest.kernel);
      throw new AssertionError("guest " + name + " did not boot, see " + guest.console, e);
    } catch (InterruptedException e) {
      ChildProcesses.kill(guest.kernel);
      throw interrupted(e);
    }
  }

  private static Path consoleOf(Path logs, String name) {
    return logs.resolve(name + "-console.log");
  }

  private void listen() {
    Thread.ofPlatform()
        .name("guest-" + name)
        .daemon()
        .start(() -> {
          try (var lines = kernel.inputReader(UTF_8)) {
            listen(lines);
          } catch (IOException e) {
            failAll(e);
          }
        });
  }

  private void listen(BufferedReader lines) throws IOException {
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      var words = line.strip().split(" ", 3);
      if (words[0].equals("ready")) {
        ready.complete(null);
      } else if (words[0].equals("done") && words.length == 3) {
        var command = running.remove(Integer.valueOf(words[1]));
        if (command != null) {
          command.complete(Integer.valueOf(words[2]));
        }
      }
    }
    failAll(new IOException("guest " + name + " is off, see " + console));
  }

  private void failAll(IOException reason) {
    ready.completeExceptionally(reason);
    running.values().forEach(command -> command.completeExceptionally(reason));
  }

  /** The address under which this guest reaches the servers of the lab. */
  public String hostAddress() {
    return hostAddress;
  }

  /** Runs a script that must succeed, and returns its standard output. */
  public String sh(String script) {
    return start(script).await(COMMAND_MAX).orFail();
  }

  /** Runs a script that must succeed within the limit, and returns its standard output. */
  public String sh(Duration limit, String script) {
    return start(script).await(limit).orFail();
  }

  /** Runs a script that may fail. */
  public Output run(String script) {
    return start(script).await(COMMAND_MAX);
  }

  /** Starts a script and does not wait for it. */
  public Command start(String script) {
    var id = lastCommand.incrementAndGet();
    var exitCode = new CompletableFuture<Integer>();
    running.put(id, exitCode);
    try {
      Files.writeString(commands.resolve(id + ".sh"), script + "\n");
      send("run " + id + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException("guest " + name + " is off, see " + console, e);
    }
    return new Command(id, script, exitCode);
  }

  private void send(String line) throws IOException {
    inputLock.lock();
    try {
      input.write(line);
      input.flush();
    } finally {
      inputLock.unlock();
    }
  }

  /** Mounts an export in a new folder. */
  public NfsMount mount(MountOptions options, String export) {
    var folder = "/run/mnt" + lastMount.incrementAndGet();
    sh("mkdir " + folder);
    var mount = new NfsMount(this, options, export, folder);
    mount.attach();
    return mount;
  }

  /** Drops all that the guest's kernel has cached and that is clean. */
  public void dropCaches() {
    sh("sync; echo 3 >/proc/sys/vm/drop_caches");
  }

  @Override
  public void close() {
    inputLock.lock();
    try {
      input.close();
    } catch (IOException e) {
      // The guest is off already; that is seen below.
      ready.completeExceptionally(e);
    } finally {
      inputLock.unlock();
    }
    ChildProcesses.awaitOrKill(kernel, POWER_OFF_MAX);
  }

  private static AssertionError interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new AssertionError("interrupted", e);
  }

  /** A command that was started. */
  public final class Command {
    private final int id;
    private final String script;
    private final CompletableFuture<Integer> exitCode;

    private Command(int id, String script, CompletableFuture<Integer> exitCode) {
      this.id = id;
      this.script = script;
      this.exitCode = exitCode;
    }

    public boolean isDone() {
      return exitCode.isDone();
    }

    /**
     * Waits for the end. A command that takes longer fails, and leaves stacks in the console log.
     */
    public Output await(Duration limit) {
      try {
        var code = exitCode.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        return new Output(script, code, read(".out"), read(".err"));
      } catch (TimeoutException e) {
        var _ =
            start("echo w >/proc/sysrq-trigger; ps -ef >&2")
                .exitCode
                .completeOnTimeout(0, DIAGNOSIS_MAX.toMillis(), TimeUnit.MILLISECONDS)
                .join();
        throw new AssertionError(
            "after " + limit + " on " + name + ", see " + console + ", still: " + script, e);
      } catch (ExecutionException e) {
        throw new AssertionError("on " + name + ": " + script, e.getCause());
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }

    private String read(String suffix) {
      try {
        return new String(Files.readAllBytes(commands.resolve(id + suffix)), UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
