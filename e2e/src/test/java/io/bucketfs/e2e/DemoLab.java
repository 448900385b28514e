package io.bucketfs.e2e;

import io.bucketfs.e2e.gateway.Bucket;
import io.bucketfs.e2e.gateway.Gateway;
import io.bucketfs.e2e.lab.Guest;
import io.bucketfs.e2e.lab.KernelLab;
import io.bucketfs.e2e.lab.MountOptions;
import io.bucketfs.e2e.lab.NfsMount;
import java.nio.file.Path;
import java.util.Map;

/** What most test classes need: a lab, a running gateway, one client, and the bucket. */
record DemoLab(KernelLab lab, Gateway gateway, Guest client, Bucket bucket)
    implements AutoCloseable {

  /** Starts it all. Options are those of {@code bucketfs demo}. */
  static DemoLab open(Class<?> test, String... options) {
    return open(test, Map.of(), options);
  }

  /** The same with settings that are given as environment variables. */
  static DemoLab open(Class<?> test, Map<String, String> environment, String... options) {
    var lab = KernelLab.open(test);
    try {
      var gateway = Gateway.start(lab, environment, options);
      return new DemoLab(lab, gateway, lab.boot("alpha"), gateway.bucket());
    } catch (RuntimeException | Error e) {
      lab.close();
      throw e;
    }
  }

  /** Mounts the bucket in the first client. */
  NfsMount mount(String version) {
    return mount(client, version);
  }

  /** Mounts the bucket in any client. */
  NfsMount mount(Guest guest, String version) {
    return guest.mount(MountOptions.of(version, Gateway.PORT), Gateway.EXPORT);
  }

  /** A file that tests write, on the host. */
  Path data(String name) {
    return lab.data().resolve(name);
  }

  /** The same file, in a guest. */
  String inGuest(String name) {
    return lab.inGuest(data(name)).toString();
  }

  /**
   * What happens where a gateway loses its local disk: the client unmounts, since its filehandles
   * are no longer known, the state directory goes, and the client mounts again.
   */
  void loseState(NfsMount mount) {
    mount.detach();
    gateway.restartWithoutState();
    mount.attach();
  }

  @Override
  public void close() {
    bucket.close();
    // Guests first: an unmounted client has nothing left to say to a gateway that is gone.
    lab.powerOff();
    gateway.close();
    lab.close();
  }
}
