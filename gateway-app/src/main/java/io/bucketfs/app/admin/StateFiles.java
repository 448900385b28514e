package io.bucketfs.app.admin;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;

/**
 * The files of a state directory by which the command line finds its gateway: where it listens, and
 * the token that it asks for. The token is readable by the owner of the directory only.
 */
public final class StateFiles {
  /** File with the bearer token of the admin API. */
  public static final String TOKEN = "admin.token";

  /** File with host and port of the admin API; it is there while the gateway runs. */
  public static final String ADDRESS = "admin.address";

  private static final int TOKEN_BYTES = 32;
  private static final String OWNER_ONLY = "rw-------";

  private final Path state;

  public StateFiles(Path state) {
    this.state = state;
  }

  /** Where the files are. */
  public Path state() {
    return state;
  }

  /** The token, which is made where there is none. */
  public String createToken() throws IOException {
    var existing = token();
    if (existing.isPresent()) {
      Files.setPosixFilePermissions(
          state.resolve(TOKEN), PosixFilePermissions.fromString(OWNER_ONLY));
      return existing.get();
    }
    var bytes = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(bytes);
    var token = HexFormat.of().formatHex(bytes);
    write(TOKEN, token);
    return token;
  }

  /** The token of a running or stopped gateway. */
  public Optional<String> token() throws IOException {
    return read(TOKEN);
  }

  /** Says where the admin API listens. */
  public void writeAddress(String address) throws IOException {
    write(ADDRESS, address);
  }

  /** Where the admin API of a running gateway listens. */
  public Optional<String> address() throws IOException {
    return read(ADDRESS);
  }

  /** Says that no gateway runs any more. */
  public void deleteAddress() throws IOException {
    Files.deleteIfExists(state.resolve(ADDRESS));
  }

  private Optional<String> read(String name) throws IOException {
    var file = state.resolve(name);
    try {
      var text = Files.readString(file, StandardCharsets.UTF_8).strip();
      return text.isEmpty() ? Optional.empty() : Optional.of(text);
    } catch (NoSuchFileException _) {
      return Optional.empty();
    } catch (AccessDeniedException _) {
      throw new IOException(
          file + " may be read only by the user that runs the gateway: become that user.");
    }
  }

  /** Writes beside the target first, so that no one ever reads half a file or a readable token. */
  private void write(String name, String text) throws IOException {
    var draft = state.resolve(name + ".new");
    Files.deleteIfExists(draft);
    var owner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(OWNER_ONLY));
    try (var channel =
        FileChannel.open(
            draft, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), owner)) {
      var bytes = ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(
        draft,
        state.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
