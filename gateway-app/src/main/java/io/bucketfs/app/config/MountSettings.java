package io.bucketfs.app.config;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.admin.Administration.MountRequest;
import io.bucketfs.core.mount.BucketLocation;
import io.bucketfs.core.mount.BucketLocation.Credentials;
import io.bucketfs.core.mount.ConflictPolicy;
import io.bucketfs.core.mount.ExportPolicy;
import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.Mount;
import io.bucketfs.core.mount.Mount.Policy;
import io.bucketfs.core.mount.ObjectPolicy;
import io.bucketfs.core.mount.Quota;
import io.bucketfs.core.mount.RefreshPolicy;
import io.bucketfs.core.mount.Retention;
import io.bucketfs.core.object.Encryption;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the settings of one mount from text, the same for YAML, the command line and the admin API.
 * Every mistake is reported under the name that the setting has where it came from.
 */
public final class MountSettings {
  private static final Pattern AWS_BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");
  private static final Pattern OTHER_BUCKET = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{1,254}");
  private static final Pattern REGION = Pattern.compile("[A-Za-z0-9-]{1,64}");
  private static final Pattern MODE = Pattern.compile("0?[0-7]{3}");
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,99}");
  private static final String DEFAULT_PROFILE = "default";
  private static final String NO_LIMIT = "none";
  private static final int NAME_BYTES_MAX = 255;
  private static final int PREFIX_BYTES_MAX = 1_000;
  private static final Duration LOST_FOUND_MIN = Duration.ofHours(1);
  private static final Duration LOST_FOUND_MAX = Duration.ofDays(3_650);
  private static final Duration WRITEBACK_MAX = Duration.ofDays(1);

  private final Map<MountKey, String> values = new EnumMap<>(MountKey.class);
  private final Function<String, String> label;
  private final Problems problems;

  private MountSettings(Function<String, String> label, Problems problems) {
    this.label = label;
    this.problems = problems;
  }

  /**
   * Reads a mount.
   *
   * @param given text by YAML key
   * @param label what a message calls a key, such as {@code --bucket} for {@code bucket}
   * @param problems gets every mistake
   * @return the request, or empty where anything was wrong
   */
  public static Optional<MountRequest> read(
      Map<String, String> given, Function<String, String> label, Problems problems) {
    var own = new Problems();
    var settings = new MountSettings(label, own);
    given.forEach((key, value) ->
        MountKey.of(key)
            .ifPresentOrElse(
                known -> settings.values.put(known, value),
                () -> own.add("Unknown setting " + label.apply(key) + ".")));
    var request = settings.request();
    own.sentences().forEach(problems::add);
    return own.isEmpty() ? Optional.of(request) : Optional.empty();
  }

  private MountRequest request() {
    var endpoint = endpoint();
    var bucket = bucket(endpoint);
    var region = required(MountKey.REGION, "such as us-east-1");
    if (!region.isEmpty() && !REGION.matcher(region).matches()) {
      problem(MountKey.REGION, "must be a region such as us-east-1, but is '" + region + "'");
    }
    var protocol = value(MountKey.PROTOCOL);
    if (protocol != null && !protocol.equals("nfs")) {
      problem(MountKey.PROTOCOL, "accepts only nfs (NFSv4.1 and 4.2), but is '" + protocol + "'");
    }
    var prefix = prefix();
    var credentials = credentials();
    return new MountRequest(
        name(bucket, prefix),
        new BucketLocation(bucket, region, endpoint, flag(MountKey.PATH_STYLE), credentials),
        prefix,
        policy(credentials).withObjects(objects(ObjectPolicy.DEFAULT)),
        access(Access.OPEN),
        quota(Quota.NONE));
  }

  /** What of a mount can be changed while it is served. */
  public record Changeable(
      Access access,
      Quota quota,
      ObjectPolicy objects,
      ConflictPolicy conflicts,
      ImportRules imports,
      Retention retention,
      ExportPolicy exports) {
    private static final Changeable DEFAULT =
        new Changeable(
            Access.OPEN,
            Quota.NONE,
            ObjectPolicy.DEFAULT,
            ConflictPolicy.DEFAULT,
            ImportRules.DEFAULT,
            Retention.DEFAULT,
            ExportPolicy.DEFAULT);

    /** What a mount has now. */
    public static Changeable of(Mount mount) {
      var policy = mount.policy();
      return new Changeable(
          mount.access(),
          mount.quota(),
          policy.objects(),
          policy.conflicts(),
          policy.imports(),
          policy.retention(),
          policy.exports());
    }

    private Changeable withObjects(ObjectPolicy other) {
      return new Changeable(access, quota, other, conflicts, imports, retention, exports);
    }
  }

  /**
   * Reads what is changed of a mount.
   *
   * @param given text by YAML key; what is not given stays as it is at present
   * @param label what a message calls a key
   * @param problems gets every mistake
   * @return what holds then, or empty where anything was wrong
   */
  public static Optional<Changeable> readChange(
      Map<String, String> given,
      Changeable present,
      Function<String, String> label,
      Problems problems) {
    var own = new Problems();
    var settings = new MountSettings(label, own);
    given.forEach((key, value) ->
        MountKey.of(key)
            .filter(MountKey::isChangeable)
            .ifPresentOrElse(
                known -> settings.values.put(known, value),
                () ->
                    own.add(
                        label.apply(key)
                            + " cannot be changed: delete the mount and create it again.")));
    var changed =
        new Changeable(
            settings.access(present.access),
            settings.quota(present.quota),
            settings.objects(present.objects),
            settings.conflicts(present.conflicts),
            settings.imports(present.imports),
            settings.retention(present.retention),
            settings.exports(present.exports));
    own.sentences().forEach(problems::add);
    return own.isEmpty() ? Optional.of(changed) : Optional.empty();
  }

  /** Finds mistakes in what is changed without what is kept. */
  public static void checkChange(
      Map<String, String> given, Function<String, String> label, Problems problems) {
    var present = Changeable.DEFAULT;
    if (given.containsKey(MountKey.KMS_KEY.yaml())
        && !given.containsKey(MountKey.ENCRYPTION.yaml())) {
      // It may be the key that a mount with such encryption gets instead of its present one.
      var kms = new Encryption.Kms(null);
      present = present.withObjects(new ObjectPolicy(null, kms, ObjectPolicy.GUESSED, 0));
    }
    var _ = readChange(given, present, label, problems);
  }

  private ObjectPolicy objects(ObjectPolicy present) {
    return new ObjectSettings(this::value, this::problem).read(present);
  }

  private Quota quota(Quota present) {
    return new Quota(
        limit(MountKey.QUOTA_BYTES, ByteSizes.FORM, present.bytesMax(), ByteSizes::parse),
        limit(
            MountKey.QUOTA_INODES,
            "a number of inodes",
            present.inodesMax(),
            MountSettings::count));
  }

  private long limit(
      MountKey key, String form, long present, Function<String, OptionalLong> parse) {
    var text = value(key);
    if (text == null) {
      return present;
    }
    if (text.equals(NO_LIMIT)) {
      return Long.MAX_VALUE;
    }
    var limit = parse.apply(text);
    if (limit.isEmpty() || limit.getAsLong() < 1) {
      problem(key, "must be " + form + ", or none, but is '" + text + "'");
      return present;
    }
    return limit.getAsLong();
  }

  private static OptionalLong count(String text) {
    try {
      return OptionalLong.of(Long.parseLong(text));
    } catch (NumberFormatException _) {
      return OptionalLong.empty();
    }
  }

  private Access access(Access present) {
    var clients = present.clients();
    var subExports = present.subExports();
    var clientText = value(MountKey.CLIENTS);
    var subExportText = value(MountKey.SUB_EXPORTS);
    try {
      clients = clientText == null ? clients : AccessText.clients(clientText);
    } catch (AccessText.BadAccessException e) {
      problem(MountKey.CLIENTS, "is wrong: " + e.getMessage());
    }
    try {
      subExports = subExportText == null ? subExports : AccessText.subExports(subExportText);
    } catch (AccessText.BadAccessException e) {
      problem(MountKey.SUB_EXPORTS, "is wrong: " + e.getMessage());
    }
    for (var sub : subExports) {
      if (!isName(sub.name())) {
        problem(
            MountKey.SUB_EXPORTS,
            "needs names of one path component of at most 255 bytes, but has '" + sub.name() + "'");
      }
    }
    var access = new Access(clients, subExports, present.lastNumber());
    var wrong = access.problem();
    if (wrong != null) {
      problems.add(wrong.substring(0, 1).toUpperCase(Locale.ROOT) + wrong.substring(1) + ".");
    }
    return access;
  }

  private static boolean isName(String text) {
    return !text.isEmpty() && !text.equals(".") && !text.equals("..") && isComponent(text);
  }

  private String bucket(@Nullable String endpoint) {
    var bucket = required(MountKey.BUCKET, "the name of a bucket");
    // Other stores are not as strict about names as AWS.
    var pattern = endpoint == null ? AWS_BUCKET : OTHER_BUCKET;
    if (!bucket.isEmpty() && !pattern.matcher(bucket).matches()) {
      problem(
          MountKey.BUCKET,
          "must be a bucket name (3 to 63 lower-case letters, digits, dots and hyphens), but is '"
              + bucket
              + "'");
    }
    return bucket;
  }

  private @Nullable String endpoint() {
    var text = value(MountKey.ENDPOINT);
    if (text == null) {
      return null;
    }
    try {
      var uri = new URI(text);
      var http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (http && uri.getHost() != null && uri.getQuery() == null && uri.getUserInfo() == null) {
        return text;
      }
    } catch (URISyntaxException _) {
      // Reported below, as any other text that is no URL.
    }
    problem(
        MountKey.ENDPOINT, "must be a URL such as https://s3.example.com, but is '" + text + "'");
    return text;
  }

  private String prefix() {
    var text = value(MountKey.PREFIX);
    if (text == null || text.isEmpty()) {
      return "";
    }
    var prefix = text.endsWith("/") ? text : text + "/";
    for (var component : prefix.substring(0, prefix.length() - 1).split("/", -1)) {
      if (component.isEmpty() || component.equals(".") || component.equals("..")) {
        problem(
            MountKey.PREFIX,
            "must be a path of keys such as data/2026/, without a leading slash, but is '"
                + text
                + "'");
        break;
      }
    }
    if (bytes(prefix) > PREFIX_BYTES_MAX) {
      problem(MountKey.PREFIX, "must not be longer than " + PREFIX_BYTES_MAX + " bytes");
    }
    return prefix;
  }

  private String name(String bucket, String prefix) {
    var text = value(MountKey.NAME);
    if (text == null) {
      return prefix.isEmpty() ? bucket : List.of(prefix.split("/", -1)).reversed().get(1);
    }
    if (!isName(text)) {
      problem(
          MountKey.NAME,
          "must be one path component of at most 255 bytes without slashes, but is '" + text + "'");
    }
    return text;
  }

  private static boolean isComponent(String text) {
    return bytes(text) <= NAME_BYTES_MAX
        && text.chars().noneMatch(c -> c == '/' || Character.isISOControl(c));
  }

  private Credentials credentials() {
    var profile = value(MountKey.PROFILE);
    var file = value(MountKey.CREDENTIALS_FILE);
    var variables = value(MountKey.CREDENTIALS_ENV);
    var anonymous = flag(MountKey.ANONYMOUS);
    onlyOne(MountKey.PROFILE, profile != null, MountKey.ANONYMOUS, anonymous);
    onlyOne(MountKey.CREDENTIALS_FILE, file != null, MountKey.ANONYMOUS, anonymous);
    onlyOne(MountKey.CREDENTIALS_ENV, variables != null, MountKey.ANONYMOUS, anonymous);
    onlyOne(MountKey.CREDENTIALS_ENV, variables != null, MountKey.PROFILE, profile != null);
    onlyOne(MountKey.CREDENTIALS_ENV, variables != null, MountKey.CREDENTIALS_FILE, file != null);
    if (profile != null && profile.isBlank()) {
      problem(MountKey.PROFILE, "must be the name of a profile in ~/.aws/config");
    }
    if (variables != null && !VARIABLE.matcher(variables).matches()) {
      problem(
          MountKey.CREDENTIALS_ENV,
          "must be what the names of variables begin with, such as ARCHIVE for"
              + " ARCHIVE_ACCESS_KEY_ID, but is '"
              + variables
              + "'");
    }
    if (file != null && !Path.of(file).isAbsolute()) {
      problem(MountKey.CREDENTIALS_FILE, "must be an absolute path, but is '" + file + "'");
    }
    if (anonymous) {
      return new Credentials.Anonymous();
    }
    if (variables != null) {
      return new Credentials.InEnvironment(variables);
    }
    if (file != null) {
      return new Credentials.InFile(file, profile == null ? DEFAULT_PROFILE : profile);
    }
    return profile == null ? new Credentials.DefaultChain() : new Credentials.Profile(profile);
  }

  private void onlyOne(MountKey key, boolean given, MountKey other, boolean otherGiven) {
    if (given && otherGiven) {
      problems.add("Only one of %s and %s may be given.".formatted(label(key), label(other)));
    }
  }

  private Policy policy(Credentials credentials) {
    var standard = Policy.DEFAULT;
    var idle = duration(MountKey.WRITEBACK_IDLE, standard.writebackIdle());
    var age = standard.writebackMaxAge();
    var maxAge = duration(MountKey.WRITEBACK_MAX_AGE, age.compareTo(idle) < 0 ? idle : age);
    if (maxAge.compareTo(idle) < 0) {
      problem(
          MountKey.WRITEBACK_MAX_AGE, "must not be shorter than " + label(MountKey.WRITEBACK_IDLE));
    }
    var anonymous = credentials instanceof Credentials.Anonymous;
    if (anonymous && "false".equals(value(MountKey.READ_ONLY))) {
      problem(MountKey.READ_ONLY, "cannot be false together with " + label(MountKey.ANONYMOUS));
    }
    return new Policy(
        flag(MountKey.READ_ONLY) || anonymous,
        idle,
        maxAge,
        id(MountKey.UID, standard.defaultUid()),
        id(MountKey.GID, standard.defaultGid()),
        mode(MountKey.FILE_MODE, standard.defaultFileMode()),
        mode(MountKey.DIRECTORY_MODE, standard.defaultDirectoryMode()),
        refresh(),
        standard.objects(),
        conflicts(standard.conflicts()),
        imports(standard.imports()),
        retention(standard.retention()),
        exports(standard.exports()),
        isOn(MountKey.POSIX_METADATA, standard.posixMetadata()));
  }

  private boolean isOn(MountKey key, boolean standard) {
    var text = value(key);
    if (text == null || text.equals("on") || text.equals("off")) {
      return text == null ? standard : text.equals("on");
    }
    problem(key, "must be on or off, but is '" + text + "'");
    return standard;
  }

  private ExportPolicy exports(ExportPolicy present) {
    var text = value(MountKey.WRITEBACK);
    var trigger = text == null ? Optional.of(present.trigger()) : ExportPolicy.Trigger.of(text);
    if (trigger.isEmpty()) {
      problem(MountKey.WRITEBACK, "must be " + ExportText.TRIGGERS + ", but is '" + text + "'");
    }
    var rateText = value(MountKey.WRITEBACK_BANDWIDTH);
    var rate =
        rateText == null ? OptionalLong.of(present.bytesPerSecondMax()) : ExportText.rate(rateText);
    if (rate.isEmpty()) {
      problem(
          MountKey.WRITEBACK_BANDWIDTH,
          "must be " + ExportText.RATE_FORM + ", but is '" + rateText + "'");
    }
    return new ExportPolicy(
        trigger.orElse(present.trigger()), rate.orElse(present.bytesPerSecondMax()));
  }

  private ConflictPolicy conflicts(ConflictPolicy present) {
    var text = value(MountKey.CONFLICT);
    var winner = text == null ? Optional.of(present.winner()) : ConflictPolicy.Winner.of(text);
    if (winner.isEmpty()) {
      problem(MountKey.CONFLICT, "must be s3-wins, keep-both or local-wins, but is '" + text + "'");
    }
    return new ConflictPolicy(
        winner.orElse(present.winner()),
        lostAndFoundLifetime(present.lostAndFoundLifetime()),
        limit(
            MountKey.LOST_FOUND_SIZE,
            ByteSizes.FORM,
            present.lostAndFoundBytesMax(),
            ByteSizes::parse));
  }

  private @Nullable Duration lostAndFoundLifetime(@Nullable Duration present) {
    var text = value(MountKey.LOST_FOUND_TTL);
    if (text == null || text.equals(NO_LIMIT)) {
      return text == null ? present : null;
    }
    var lifetime = Durations.parse(text);
    if (lifetime.isEmpty()
        || lifetime.get().compareTo(LOST_FOUND_MIN) < 0
        || lifetime.get().compareTo(LOST_FOUND_MAX) > 0) {
      problem(
          MountKey.LOST_FOUND_TTL,
          "must be " + Durations.FORM + ", from 1h to 3650d, or none, but is '" + text + "'");
      return present;
    }
    return lifetime.get();
  }

  private ImportRules imports(ImportRules present) {
    var text = value(MountKey.IMPORT_RULES);
    if (text == null) {
      return present;
    }
    try {
      return ImportText.rules(text);
    } catch (IllegalArgumentException e) {
      problem(MountKey.IMPORT_RULES, "is wrong: " + e.getMessage());
      return present;
    }
  }

  private Retention retention(Retention present) {
    var text = value(MountKey.EXPIRY_DAYS);
    if (text == null) {
      return present;
    }
    var days = count(text).orElse(0);
    if (days < Retention.EXPIRY_DAYS_MIN || days > Retention.EXPIRY_DAYS_MAX) {
      problem(
          MountKey.EXPIRY_DAYS,
          "must be a number of days from %d to %d, but is '%s'"
              .formatted(Retention.EXPIRY_DAYS_MIN, Retention.EXPIRY_DAYS_MAX, text));
      return present;
    }
    return new Retention((int) days);
  }

  private RefreshPolicy refresh() {
    var standard = RefreshPolicy.DEFAULT;
    var interval =
        RefreshText.OFF.equals(value(MountKey.REFRESH))
            ? null
            : duration(MountKey.REFRESH, Objects.requireNonNull(standard.interval()));
    var mode = value(MountKey.REFRESH_MODE);
    if (mode != null && !mode.equals(RefreshText.STALE) && !mode.equals(RefreshText.STRICT)) {
      problem(
          MountKey.REFRESH_MODE,
          "must be " + RefreshText.STALE + " or " + RefreshText.STRICT + ", but is '" + mode + "'");
    }
    var changes = value(MountKey.IMPORT_CHANGES);
    var imported =
        changes == null ? Optional.of(standard.imported()) : RefreshText.changes(changes);
    if (imported.isEmpty()) {
      problem(
          MountKey.IMPORT_CHANGES,
          "must be some of new, changed and deleted, divided by commas, or none, but is '"
              + changes
              + "'");
    }
    return new RefreshPolicy(
        interval, RefreshText.STRICT.equals(mode), imported.orElse(standard.imported()));
  }

  private Duration duration(MountKey key, Duration standard) {
    var text = value(key);
    if (text == null) {
      return standard;
    }
    var duration = Durations.parse(text);
    if (duration.isEmpty() || duration.get().compareTo(WRITEBACK_MAX) > 0) {
      problem(key, "must be " + Durations.FORM + ", at most 1d, but is '" + text + "'");
      return standard;
    }
    return duration.get();
  }

  private int id(MountKey key, int standard) {
    var text = value(key);
    if (text == null) {
      return standard;
    }
    try {
      var id = Integer.parseInt(text);
      if (id >= 0) {
        return id;
      }
    } catch (NumberFormatException _) {
      // Reported below, as a negative number is.
    }
    problem(key, "must be a number from 0 to " + Integer.MAX_VALUE + ", but is '" + text + "'");
    return standard;
  }

  private int mode(MountKey key, int standard) {
    var text = value(key);
    if (text == null) {
      return standard;
    }
    if (!MODE.matcher(text).matches()) {
      problem(key, "must be permission bits in octal such as 0644, but is '" + text + "'");
      return standard;
    }
    return Integer.parseInt(text, 8);
  }

  private boolean flag(MountKey key) {
    var text = value(key);
    if (text == null || text.equals("false")) {
      return false;
    }
    if (!text.equals("true")) {
      problem(key, "must be true or false, but is '" + text + "'");
    }
    return true;
  }

  private String required(MountKey key, String example) {
    var text = value(key);
    if (text == null || text.isBlank()) {
      problem(key, "is missing: " + example);
      return "";
    }
    return text;
  }

  private @Nullable String value(MountKey key) {
    return values.get(key);
  }

  private String label(MountKey key) {
    return label.apply(key.yaml());
  }

  private void problem(MountKey key, String complaint) {
    problems.add(label(key) + " " + complaint + ".");
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
