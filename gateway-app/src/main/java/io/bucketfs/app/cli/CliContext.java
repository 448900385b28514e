package io.bucketfs.app.cli;

import io.bucketfs.app.config.Machine;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/**
 * What a command knows of the world, so that tests can give it another.
 *
 * @param host the name that clients are told to mount from
 * @param launching whether the launcher only asks for the options of the JVM
 * @param starter starts the gateway of serve
 * @param demoStarter starts the demo
 * @param untilStopped keeps either running
 * @param home the work tree or installation, where the launcher says it
 */
record CliContext(
    PrintWriter out,
    PrintWriter err,
    Map<String, String> environment,
    Machine machine,
    String host,
    InstantSource clock,
    boolean launching,
    GatewayStarter starter,
    DemoStarter demoStarter,
    UntilStopped untilStopped,
    Optional<Path> home) {
  Instant now() {
    return clock.instant();
  }
}
