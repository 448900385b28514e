package io.bucketfs.app.cli;

import io.bucketfs.app.config.Machine;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;

/**
 * What a command knows of the world, so that tests can give it another.
 *
 * @param host the name that clients are told to mount from
 * @param launching whether the launcher only asks for the options of the JVM
 * @param starter starts the gateway of serve and demo
 * @param untilStopped keeps it running
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
    UntilStopped untilStopped) {
  Instant now() {
    return clock.instant();
  }
}
