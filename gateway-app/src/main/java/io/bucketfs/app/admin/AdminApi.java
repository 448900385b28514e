package io.bucketfs.app.admin;

import io.bucketfs.app.config.InvalidInputException;
import io.bucketfs.app.config.MountKey;
import io.bucketfs.app.config.MountSettings;
import io.bucketfs.app.config.Problems;
import io.bucketfs.core.admin.AdminException;
import io.bucketfs.core.admin.AdminException.Kind;
import io.bucketfs.core.admin.Administration;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.admin.Administration.MountStatus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * What the admin API answers, without HTTP. Paths:
 *
 * <pre>
 *   GET    /v1/status
 *   GET    /v1/clients              POST   /v1/clients/ID/revoke
 *   POST   /v1/buckets
 *   GET    /v1/mounts               POST   /v1/mounts
 *   GET    /v1/mounts/NAME          DELETE /v1/mounts/NAME?force=true
 *   POST   /v1/mounts/NAME/settings {"clients": [RULE], "sub-exports": [TEXT], "quota-bytes": SIZE,
 *                                   "quota-inodes": N, "conflict": TEXT, "lost-found-ttl": TIME,
 *                                   "lost-found-size": SIZE}
 *   POST   /v1/mounts/NAME/probe
 *   POST   /v1/cache                {"size": SIZE, "memory": SIZE}
 *   POST   /v1/flush                {"mount": NAME, "path": PATH, "await": true}
 *   POST   /v1/refresh              {"mount": NAME, "path": PATH, "recursive": true}
 *   POST   /v1/warm                 {"places": [{"mount": NAME, "path": PATH}]}
 *   POST   /v1/evict, /v1/pin, /v1/unpin                       as warm
 *   GET    /v1/pin
 *   POST   /v1/import               {"to": {"mount": NAME, "path": PATH}, "from": DIRECTORY}
 *   POST   /v1/check                {"mount": NAME or null, "indexOnly": true}
 *   GET    /v1/jobs?mount=NAME
 *   GET    /v1/report/KIND?mount=NAME&amp;max=N     dirty, failing, conflicts, unmapped
 * </pre>
 *
 * The replies to warm, evict, pin, unpin and import are lines of JSON, each an {@link OrderLine}.
 */
public final class AdminApi {
  private static final Logger LOG = LoggerFactory.getLogger(AdminApi.class);

  /** The most entries that a report holds. */
  public static final int REPORT_ENTRIES_MAX = 100_000;

  /** The entries that a report holds where nothing is said. */
  public static final int REPORT_ENTRIES_DEFAULT = 1_000;

  private static final String API = "/v1/";
  private static final String CLIENTS = "/v1/clients/";
  private static final String REVOKE = "/revoke";
  private static final String MOUNTS = "/v1/mounts";
  private static final String SETTINGS = "/settings";
  private static final String PROBE = "/probe";
  private static final String REPORT = "/v1/report/";
  private static final int OK = 200;
  private static final int CREATED = 201;
  private static final int BAD_REQUEST = 400;
  private static final int NOT_FOUND = 404;
  private static final int METHOD_NOT_ALLOWED = 405;
  private static final int CONFLICT = 409;
  private static final int INTERNAL_ERROR = 500;
  private static final int BAD_GATEWAY = 502;

  private final Administration administration;
  private final ConfiguredMounts configured;
  private final GatewayInfo info;
  private final NfsControl nfs;
  private final CacheApi cache;
  private final KeepApi keep;

  /**
   * @param nfs the NFS server
   * @param cache what later starts are told of the cache
   */
  public AdminApi(
      Administration administration,
      ConfiguredMounts configured,
      GatewayInfo info,
      NfsControl nfs,
      CacheApi.Setting cache) {
    this.administration = administration;
    this.configured = configured;
    this.info = info;
    this.nfs = nfs;
    this.cache = new CacheApi(administration, cache);
    keep = new KeepApi(administration.keep());
  }

  /**
   * A request without its transport.
   *
   * @param path decoded
   * @param query decoded, by name
   */
  record Request(String method, String path, Map<String, String> query, String body) {}

  /** A status and what becomes the JSON body. */
  record Reply(int status, Object body) {}

  /** Answers a request of a caller who has shown the token. */
  Reply answer(Request request) {
    try {
      return route(request);
    } catch (InvalidInputException e) {
      return new Reply(BAD_REQUEST, new ErrorView(e.problems()));
    } catch (AdminException e) {
      return error(status(e.kind()), String.valueOf(e.getMessage()));
    } catch (JacksonException e) {
      return error(
          BAD_REQUEST, "The body is not the JSON that is wanted: " + e.getOriginalMessage());
    }
  }

  private Reply route(Request request) throws AdminException, InvalidInputException {
    var path = request.path();
    if (path.equals("/v1/status")) {
      return only("GET", request, () -> new Reply(OK, status()));
    }
    if (path.equals("/v1/clients")) {
      return only("GET", request, () -> new Reply(OK, clients()));
    }
    if (path.startsWith(CLIENTS) && path.endsWith(REVOKE)) {
      var end = Math.max(CLIENTS.length(), path.length() - REVOKE.length());
      return only("POST", request, () -> revoke(path.substring(CLIENTS.length(), end)));
    }
    if (path.equals("/v1/buckets")) {
      return only("POST", request, () -> createBucket(request));
    }
    if (path.equals(MOUNTS)) {
      return switch (request.method()) {
        case "GET" -> new Reply(OK, administration.mounts().stream().map(this::view).toList());
        case "POST" -> create(request);
        default -> wrongMethod(request);
      };
    }
    if (path.startsWith(MOUNTS + "/")) {
      var name = path.substring(MOUNTS.length() + 1);
      if (name.endsWith(SETTINGS)) {
        var mount = name.substring(0, name.length() - SETTINGS.length());
        return only("POST", request, () -> change(mount, request));
      }
      if (name.endsWith(PROBE)) {
        var mount = name.substring(0, name.length() - PROBE.length());
        return only("POST", request, () -> new Reply(OK, view(administration.probeMount(mount))));
      }
      return switch (request.method()) {
        case "GET" -> new Reply(OK, view(administration.mount(name)));
        case "DELETE" -> delete(name, request);
        default -> wrongMethod(request);
      };
    }
    if (path.equals("/v1/flush")) {
      return only("POST", request, () -> flush(request));
    }
    if (path.equals("/v1/refresh")) {
      return only("POST", request, () -> refresh(request));
    }
    if (path.equals("/v1/cache")) {
      return only("POST", request, () -> new Reply(OK, cache.set(settings(request))));
    }
    if (path.equals("/v1/check")) {
      return only("POST", request, () -> check(request));
    }
    if (path.equals("/v1/jobs")) {
      return only("GET", request, () -> jobs(request));
    }
    if (path.startsWith(REPORT)) {
      return only("GET", request, () -> report(path.substring(REPORT.length()), request));
    }
    if (path.equals("/v1/pin") && request.method().equals("GET")) {
      return new Reply(OK, keep.pins());
    }
    var order =
        path.startsWith(API) ? keep.order(path.substring(API.length()), request.body()) : null;
    if (order != null) {
      return only("POST", request, () -> new Reply(OK, order));
    }
    return error(NOT_FOUND, "There is nothing at " + path + ".");
  }

  private List<ClientView> clients() {
    return nfs.view().clients().stream().map(ClientView::of).toList();
  }

  private Reply revoke(String id) throws AdminException {
    for (var client : nfs.view().clients()) {
      if (Long.toHexString(client.id()).equals(id)) {
        try {
          if (nfs.revoke(client.id())) {
            return new Reply(OK, new RevokedView(ClientView.of(client)));
          }
        } catch (IOException e) {
          LOG.warn("Nothing was taken from client {}", id, e);
          return error(
              INTERNAL_ERROR, "Nothing was taken from client " + id + ": " + e.getMessage() + ".");
        }
      }
    }
    throw new AdminException(
        Kind.NOT_FOUND, "There is no client " + id + ": bucketfs clients lists them.");
  }

  private StatusView status() {
    var status = administration.status();
    return new StatusView(
        info.version(),
        status.started(),
        info.state().toString(),
        info.listen(),
        info.port(),
        status.dirtyFiles(),
        status.dirtyBytes(),
        status.failing(),
        status.diskBytes(),
        status.diskBytesMax(),
        status.diskBytesNow(),
        NfsView.of(nfs.view()),
        status.mounts().stream().map(this::view).toList(),
        configured.pending());
  }

  private Reply create(Request request) throws AdminException, InvalidInputException {
    return new Reply(CREATED, view(administration.createMount(wanted(request))));
  }

  private Reply createBucket(Request request) throws AdminException, InvalidInputException {
    var wanted = wanted(request);
    administration.createBucket(wanted);
    return new Reply(CREATED, Map.of("bucket", wanted.location().bucket()));
  }

  private MountRequest wanted(Request request) throws AdminException, InvalidInputException {
    var problems = new Problems();
    var mount = MountSettings.read(settings(request), key -> key, problems);
    problems.throwIfAny();
    var wanted = mount.orElseThrow();
    refuseConfigured(wanted.name());
    return wanted;
  }

  private Reply change(String name, Request request) throws AdminException, InvalidInputException {
    refuseConfigured(name);
    var mount = administration.mount(name).mount();
    var present = MountSettings.Changeable.of(mount);
    var problems = new Problems();
    var read = MountSettings.readChange(settings(request), present, key -> key, problems);
    problems.throwIfAny();
    var changed = read.orElseThrow();
    if (!changed.conflicts().equals(present.conflicts())) {
      administration.setConflicts(name, changed.conflicts());
    }
    if (!changed.quota().equals(present.quota())) {
      administration.setQuota(name, changed.quota());
    }
    if (!changed.objects().equals(present.objects())) {
      administration.setObjects(name, changed.objects());
    }
    if (!changed.imports().equals(present.imports())
        || !changed.retention().equals(present.retention())) {
      administration.setImports(name, changed.imports(), changed.retention());
    }
    if (!changed.exports().equals(present.exports())) {
      administration.setExports(name, changed.exports());
    }
    return new Reply(OK, view(administration.setAccess(name, changed.access())));
  }

  private static Map<String, String> settings(Request request) throws InvalidInputException {
    Map<String, String> settings = new LinkedHashMap<>();
    for (var property : Json.MAPPER.readTree(request.body()).properties()) {
      settings.put(property.getKey(), text(property.getKey(), property.getValue()));
    }
    return settings;
  }

  private static String text(String key, JsonNode value) throws InvalidInputException {
    if (value.isArray() && MountKey.of(key).filter(MountKey::isList).isPresent()) {
      var lines = new ArrayList<String>();
      for (var line : value) {
        lines.add(text(key + " of one line", line));
      }
      return String.join("\n", lines);
    }
    if (!value.isValueNode() || value.isNull()) {
      throw new InvalidInputException(List.of(key + " must be a single value."));
    }
    return value.asString();
  }

  private Reply delete(String name, Request request) throws AdminException, InvalidInputException {
    knowOnly(request, Set.of("force"));
    refuseConfigured(name);
    administration.deleteMount(name, flag(request, "force"));
    return new Reply(OK, Map.of("deleted", name));
  }

  private void refuseConfigured(String name) throws AdminException {
    var file = configured.fileOf(name);
    if (file.isPresent()) {
      throw new AdminException(
          Kind.CONFLICT,
          "Mount "
              + name
              + " is set in "
              + file.get()
              + ": change it there and start the gateway again.");
    }
  }

  private Reply flush(Request request) throws AdminException {
    var flush = Json.MAPPER.readValue(request.body(), FlushRequest.class);
    // Jackson leaves absent fields null, whatever the record says.
    @Nullable String mount = flush.mount();
    @Nullable String path = flush.path();
    if (mount == null || mount.isEmpty()) {
      throw new AdminException(Kind.INVALID, "mount is missing: the name of a mount.");
    }
    var result = administration.flush(mount, path == null ? "" : path, flush.await());
    return new Reply(OK, new FlushView(result.files(), result.failing()));
  }

  private Reply refresh(Request request) throws AdminException {
    var refresh = Json.MAPPER.readValue(request.body(), RefreshRequest.class);
    // Jackson leaves absent fields null, whatever the record says.
    @Nullable String mount = refresh.mount();
    @Nullable String path = refresh.path();
    if (mount == null || mount.isEmpty()) {
      throw new AdminException(Kind.INVALID, "mount is missing: the name of a mount.");
    }
    var found = administration.refresh(mount, path == null ? "" : path, refresh.recursive());
    return new Reply(OK, new RefreshView(found.created(), found.changed(), found.deleted()));
  }

  private Reply check(Request request) throws AdminException {
    var check = Json.MAPPER.readValue(request.body(), CheckRequest.class);
    return new Reply(OK, administration.check(check.mount(), !check.indexOnly()));
  }

  private Reply jobs(Request request) throws AdminException, InvalidInputException {
    knowOnly(request, Set.of("mount"));
    return new Reply(OK, administration.jobs(request.query().get("mount")));
  }

  private Reply report(String kind, Request request) throws AdminException, InvalidInputException {
    knowOnly(request, Set.of("mount", "max"));
    var mount = request.query().get("mount");
    var max = max(request);
    return switch (kind) {
      case "dirty" -> new Reply(OK, administration.dirty(mount, max));
      case "failing" -> new Reply(OK, administration.failing(mount, max));
      case "conflicts" -> new Reply(OK, administration.conflicts(mount, max));
      case "unmapped" -> new Reply(OK, administration.unmapped(mount, max));
      default -> error(NOT_FOUND, "There is no report named " + kind + ".");
    };
  }

  private static int max(Request request) throws InvalidInputException {
    var text = request.query().get("max");
    if (text == null) {
      return REPORT_ENTRIES_DEFAULT;
    }
    try {
      var max = Integer.parseInt(text);
      if (max >= 1 && max <= REPORT_ENTRIES_MAX) {
        return max;
      }
    } catch (NumberFormatException _) {
      // Refused below, as a number out of bounds is.
    }
    throw new InvalidInputException(
        List.of("max must be a number from 1 to " + REPORT_ENTRIES_MAX + "."));
  }

  private static boolean flag(Request request, String name) throws InvalidInputException {
    return switch (Optional.ofNullable(request.query().get(name)).orElse("false")) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new InvalidInputException(List.of(name + " must be true or false."));
    };
  }

  private static void knowOnly(Request request, Set<String> known) throws InvalidInputException {
    var unknown = request.query().keySet().stream().filter(k -> !known.contains(k)).toList();
    if (!unknown.isEmpty()) {
      throw new InvalidInputException(
          unknown.stream().map(k -> "Unknown parameter " + k + ".").toList());
    }
  }

  private MountView view(MountStatus status) {
    return MountView.of(status, configured.fileOf(status.mount().name()).orElse(null));
  }

  /** What one route does. */
  @FunctionalInterface
  private interface Route {
    Reply answer() throws AdminException, InvalidInputException;
  }

  private static Reply only(String method, Request request, Route route)
      throws AdminException, InvalidInputException {
    return request.method().equals(method) ? route.answer() : wrongMethod(request);
  }

  private static Reply wrongMethod(Request request) {
    return error(METHOD_NOT_ALLOWED, request.path() + " does not know " + request.method() + ".");
  }

  static Reply error(int status, String sentence) {
    return new Reply(status, new ErrorView(List.of(sentence)));
  }

  static int status(Kind kind) {
    return switch (kind) {
      case INVALID -> BAD_REQUEST;
      case NOT_FOUND -> NOT_FOUND;
      case CONFLICT -> CONFLICT;
      case STORE -> BAD_GATEWAY;
    };
  }
}
