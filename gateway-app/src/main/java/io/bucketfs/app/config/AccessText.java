package io.bucketfs.app.config;

import io.bucketfs.core.access.Access;
import io.bucketfs.core.access.ClientRule;
import io.bucketfs.core.access.Network;
import io.bucketfs.core.access.Squash;
import io.bucketfs.core.access.SubExport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Rules of access as text, one a line, the same for YAML, the command line and the admin API.
 *
 * <pre>
 *   NETWORK[,ro|rw][,squash=none|root|all][,uid=N][,gid=N]
 *   NAME path=PATH [ro] [uid=N gid=N] [client=RULE]...
 * </pre>
 */
public final class AccessText {
  /** Stands for no sub-exports at all. */
  static final String NONE = "none";

  private AccessText() {}

  /** Text that is no rule; the message says what to write. */
  static final class BadAccessException extends Exception {
    private static final long serialVersionUID = 1;

    BadAccessException(String message) {
      super(message);
    }
  }

  /** Reads rules, one a line. */
  static List<ClientRule> clients(String text) throws BadAccessException {
    var rules = new ArrayList<ClientRule>();
    for (var line : lines(text)) {
      rules.add(client(line));
    }
    return rules;
  }

  private static List<String> lines(String text) {
    return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
  }

  private static ClientRule client(String text) throws BadAccessException {
    var words = text.split(",", -1);
    var readOnly = false;
    var kind = Squash.Kind.NONE;
    var uid = Squash.NOBODY;
    var gid = Squash.NOBODY;
    for (var word : List.of(words).subList(1, words.length)) {
      var value = word.substring(word.indexOf('=') + 1);
      switch (word.substring(0, word.length() - value.length())) {
        case "squash=" -> kind = squash(value);
        case "uid=" -> uid = id(word, value);
        case "gid=" -> gid = id(word, value);
        case "" -> {
          if (!value.equals("ro") && !value.equals("rw")) {
            throw unknown(word);
          }
          readOnly = value.equals("ro");
        }
        default -> throw unknown(word);
      }
    }
    try {
      return new ClientRule(Network.parse(words[0]), readOnly, new Squash(kind, uid, gid));
    } catch (IllegalArgumentException e) {
      throw new BadAccessException(String.valueOf(e.getMessage()));
    }
  }

  private static BadAccessException unknown(String word) {
    return new BadAccessException(
        "'"
            + word
            + "' is unknown in a rule: write a network and, after commas, ro or rw,"
            + " squash=none, squash=root or squash=all, uid=N, gid=N");
  }

  private static Squash.Kind squash(String text) throws BadAccessException {
    for (var kind : Squash.Kind.values()) {
      if (word(kind).equals(text)) {
        return kind;
      }
    }
    throw new BadAccessException("squash is none, root or all, not '" + text + "'");
  }

  private static String word(Squash.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private static int id(String word, String text) throws BadAccessException {
    try {
      var id = Integer.parseInt(text);
      if (id >= 0 && !text.startsWith("+")) {
        return id;
      }
    } catch (NumberFormatException _) {
      // Refused below, as a negative number is.
    }
    throw new BadAccessException(
        "'" + word + "' needs a number from 0 to " + Integer.MAX_VALUE + " after the equals sign");
  }

  /** Reads sub-exports, one a line; {@code none} alone stands for none. */
  static List<SubExport> subExports(String text) throws BadAccessException {
    var subs = new ArrayList<SubExport>();
    if (text.strip().equals(NONE)) {
      return subs;
    }
    for (var line : lines(text)) {
      subs.add(subExport(line));
    }
    return subs;
  }

  private static SubExport subExport(String text) throws BadAccessException {
    var words = words(text);
    var name = words.getFirst();
    @Nullable String path = null;
    var readOnly = false;
    @Nullable Integer uid = null;
    @Nullable Integer gid = null;
    var clients = new ArrayList<ClientRule>();
    for (var word : words.subList(1, words.size())) {
      var value = word.substring(word.indexOf('=') + 1);
      switch (word.substring(0, word.length() - value.length())) {
        case "path=" -> path = inside(value);
        case "uid=" -> uid = id(word, value);
        case "gid=" -> gid = id(word, value);
        case "client=" -> clients.add(client(value));
        default -> {
          if (!word.equals("ro")) {
            throw new BadAccessException(
                "'"
                    + word
                    + "' is unknown in a sub-export: write its name, path=PATH, and if wanted ro,"
                    + " uid=N gid=N, client=RULE");
          }
          readOnly = true;
        }
      }
    }
    if (name.contains("=") || path == null) {
      throw new BadAccessException(
          "a sub-export needs a name and a path, such as 'team-a path=teams/a', but is '"
              + text
              + "'");
    }
    if ((uid == null) != (gid == null)) {
      throw new BadAccessException(
          "sub-export " + name + " needs both of uid=N and gid=N, or none");
    }
    var forced = uid == null || gid == null ? null : new SubExport.Ids(uid, gid);
    return new SubExport(0, name, path, readOnly, forced, clients);
  }

  private static String inside(String path) {
    var from = path.startsWith("/") ? 1 : 0;
    var to = path.endsWith("/") && path.length() > from ? path.length() - 1 : path.length();
    return path.substring(from, to);
  }

  /** Words between spaces; what stands in double quotes is taken as it is, without them. */
  private static List<String> words(String text) throws BadAccessException {
    var words = new ArrayList<String>();
    var word = new StringBuilder();
    var quoted = false;
    for (var i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ' ' && !quoted) {
        if (!word.isEmpty()) {
          words.add(word.toString());
          word.setLength(0);
        }
      } else {
        word.append(c);
      }
    }
    if (quoted) {
      throw new BadAccessException("a double quote is not closed in '" + text + "'");
    }
    if (!word.isEmpty() || words.isEmpty()) {
      words.add(word.toString());
    }
    return words;
  }

  /** The rules as text, one for each line. */
  public static List<String> ofClients(Access access) {
    return access.clients().stream().map(AccessText::format).toList();
  }

  /** The sub-exports as text, one for each line. */
  public static List<String> ofSubExports(Access access) {
    return access.subExports().stream().map(AccessText::format).toList();
  }

  private static String format(ClientRule rule) {
    var squash = rule.squash();
    var text = new StringBuilder(rule.network().toString()).append(rule.readOnly() ? ",ro" : ",rw");
    text.append(",squash=").append(word(squash.kind()));
    if (squash.anonymousUid() != Squash.NOBODY) {
      text.append(",uid=").append(squash.anonymousUid());
    }
    if (squash.anonymousGid() != Squash.NOBODY) {
      text.append(",gid=").append(squash.anonymousGid());
    }
    return text.toString();
  }

  private static String format(SubExport sub) {
    var text = new StringBuilder(quoted(sub.name())).append(" path=").append(quoted(sub.path()));
    if (sub.readOnly()) {
      text.append(" ro");
    }
    var forced = sub.forced();
    if (forced != null) {
      text.append(" uid=").append(forced.uid()).append(" gid=").append(forced.gid());
    }
    sub.clients().forEach(rule -> text.append(" client=").append(format(rule)));
    return text.toString();
  }

  private static String quoted(String text) {
    return text.indexOf(' ') < 0 ? text : "\"" + text + "\"";
  }
}
