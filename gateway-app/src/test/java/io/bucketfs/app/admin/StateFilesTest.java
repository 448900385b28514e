package io.bucketfs.app.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StateFilesTest {
  @TempDir Path state;

  @Test
  void makesOneTokenThatOnlyTheOwnerReads() throws IOException {
    var token = new StateFiles(state).createToken();
    assertThat(token).matches("[0-9a-f]{64}");
    assertThat(Files.getPosixFilePermissions(state.resolve("admin.token")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThat(new StateFiles(state).createToken()).isEqualTo(token);
  }

  @Test
  void closesATokenThatSomeoneOpened() throws IOException {
    var token = new StateFiles(state).createToken();
    var file = state.resolve("admin.token");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    assertThat(new StateFiles(state).createToken()).isEqualTo(token);
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void keepsTheAddressWhileTheGatewayRuns() throws IOException {
    var files = new StateFiles(state);
    assertThat(files.address()).isEmpty();
    files.writeAddress("127.0.0.1:9049");
    assertThat(files.address()).hasValue("127.0.0.1:9049");
    files.deleteAddress();
    files.deleteAddress();
    assertThat(files.address()).isEmpty();
  }
}
