package io.bucketfs.app.admin;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.bucketfs.app.admin.StatusView.PendingMount;
import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.Administration;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.mount.Mount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mounts of the configuration file. They belong to the file: what is missing is made at start,
 * and commands may not change them. A mount that cannot be made now, because its bucket does not
 * answer, is tried again and does not keep the others from being served.
 *
 * <p>Thread-safe.
 */
public final class ConfiguredMounts {
  private static final Logger LOG = LoggerFactory.getLogger(ConfiguredMounts.class);

  private final Administration administration;
  private final List<MountRequest> requests;
  private final @Nullable Path file;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private Map<String, String> failures = new HashMap<>();

  /**
   * The mounts of a file.
   *
   * @param file null where there is none, and then no mounts
   */
  public ConfiguredMounts(
      Administration administration, List<MountRequest> requests, @Nullable Path file) {
    this.administration = administration;
    this.requests = List.copyOf(requests);
    this.file = file;
  }

  /**
   * Makes the mounts that are missing. A failure is logged when it is new.
   *
   * @return whether all are there as the file says
   */
  public boolean apply() {
    Map<String, Mount> existing = new HashMap<>();
    administration.mounts().forEach(s -> existing.put(s.mount().name(), s.mount()));
    Map<String, String> failed = new HashMap<>();
    for (var request : requests) {
      var mount = existing.get(request.name());
      if (mount == null) {
        try {
          administration.createMount(request);
          LOG.info("Mounted {} at /{}", request.location().bucket(), request.name());
        } catch (AdminException e) {
          failed.put(request.name(), e.getMessage());
        }
      } else if (matches(mount, request)) {
        applyChanges(mount, request).ifPresent(reason -> failed.put(request.name(), reason));
      } else {
        failed.put(
            request.name(),
            "It exists with other settings; see bucketfs mount show "
                + request.name()
                + ". Remove it from the file, start, delete the mount, and add it again.");
      }
    }
    lock.lock();
    try {
      failed.forEach((name, reason) -> {
        if (!reason.equals(failures.get(name))) {
          LOG.error("Mount {} of {} is not as the file says: {}", name, file, reason);
        }
      });
      failures = failed;
    } finally {
      lock.unlock();
    }
    return failed.isEmpty();
  }

  /**
   * Rules of access, quotas, and rules for objects and for what comes and stays may change between
   * starts. Returns why they could not.
   */
  private Optional<String> applyChanges(Mount mount, MountRequest request) {
    try {
      if (!mount.access().isLike(request.access())) {
        administration.setAccess(request.name(), request.access());
        LOG.info("Changed who may use /{} to what {} says", request.name(), file);
      }
      if (!mount.quota().equals(request.quota())) {
        administration.setQuota(request.name(), request.quota());
        LOG.info("Changed the quota of /{} to what {} says", request.name(), file);
      }
      var present = mount.policy();
      var wanted = request.policy();
      if (!present.objects().equals(wanted.objects())) {
        administration.setObjects(request.name(), wanted.objects());
        LOG.info("Changed how objects of /{} are written to what {} says", request.name(), file);
      }
      if (!present.conflicts().equals(wanted.conflicts())) {
        administration.setConflicts(request.name(), wanted.conflicts());
        LOG.info("Changed what conflicts in /{} end in to what {} says", request.name(), file);
      }
      if (!present.imports().equals(wanted.imports())
          || !present.retention().equals(wanted.retention())) {
        administration.setImports(request.name(), wanted.imports(), wanted.retention());
        LOG.info("Changed what of /{} comes and stays to what {} says", request.name(), file);
      }
      if (!present.exports().equals(wanted.exports())) {
        administration.setExports(request.name(), wanted.exports());
        LOG.info("Changed how /{} is exported to what {} says", request.name(), file);
      }
      return Optional.empty();
    } catch (AdminException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /** The mounts that are not as the file says. */
  public List<PendingMount> pending() {
    List<PendingMount> pending = new ArrayList<>();
    lock.lock();
    try {
      for (var request : requests) {
        var reason = failures.get(request.name());
        if (reason != null) {
          pending.add(new PendingMount(request.name(), String.valueOf(file), reason));
        }
      }
    } finally {
      lock.unlock();
    }
    return pending;
  }

  /** The file that sets a mount, so that no command may change it. */
  public Optional<String> fileOf(String name) {
    return requests.stream().anyMatch(r -> r.name().equals(name))
        ? Optional.of(String.valueOf(file))
        : Optional.empty();
  }

  private static boolean matches(Mount mount, MountRequest request) {
    return mount.location().equals(request.location())
        && mount.prefix().equals(request.prefix())
        && mount.policy().withChangeable(request.policy()).equals(request.policy());
  }
}
