package io.bucketfs.core.access;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who may use a mount. The first rule whose network holds a client's address counts; a client that
 * is in none of them does not see the mount.
 *
 * @param clients the rules in their order, at least one
 * @param subExports directories that are served under names of their own
 * @param lastNumber the highest number that a sub-export ever had
 */
public record Access(List<ClientRule> clients, List<SubExport> subExports, int lastNumber) {
  /** Everybody may do everything. */
  public static final Access OPEN = new Access(List.of(ClientRule.EVERYBODY), List.of(), 0);

  /** More than anybody lists by hand, and few enough to go through for each request. */
  public static final int RULES_MAX = 100;

  /** Sub-exports of one mount. */
  public static final int SUB_EXPORTS_MAX = 1000;

  private static final int PATH_CHARACTERS_MAX = 4096;

  public Access {
    clients = List.copyOf(clients);
    subExports = List.copyOf(subExports);
  }

  /** What is wrong with it and what to do, or null. */
  public @Nullable String problem() {
    if (clients.isEmpty()) {
      return "a mount needs a rule for clients: 'any' lets everybody in";
    }
    if (clients.size() > RULES_MAX) {
      return "there may be at most " + RULES_MAX + " rules for clients: join networks";
    }
    if (subExports.size() > SUB_EXPORTS_MAX) {
      return "a mount has at most " + SUB_EXPORTS_MAX + " sub-exports";
    }
    var names = new HashSet<String>();
    for (var sub : subExports) {
      if (!names.add(sub.name())) {
        return "two sub-exports are named " + sub.name() + ": each needs a name of its own";
      }
      if (sub.clients().size() > RULES_MAX) {
        return "sub-export " + sub.name() + " has more than " + RULES_MAX + " rules for clients";
      }
      if (!isPath(sub.path())) {
        return "the path of sub-export "
            + sub.name()
            + " must lead to a directory inside the mount, such as teams/a, but is '"
            + sub.path()
            + "'";
      }
    }
    return null;
  }

  private static boolean isPath(String path) {
    if (path.length() > PATH_CHARACTERS_MAX || path.indexOf('\0') >= 0) {
      return false;
    }
    for (var component : path.split("/", -1)) {
      if (component.isEmpty() || component.equals(".") || component.equals("..")) {
        return false;
      }
    }
    return true;
  }

  /**
   * Gives each sub-export a number: the one it had under the same name and path, so that its
   * filehandles stay good, else a new one.
   */
  public Access after(Access before) {
    var last = before.lastNumber;
    var numbered = new ArrayList<SubExport>();
    for (var sub : subExports) {
      var known =
          before.subExports.stream()
              .filter(old -> old.name().equals(sub.name()) && old.path().equals(sub.path()))
              .findFirst();
      numbered.add(sub.withNumber(known.isPresent() ? known.get().number() : ++last));
    }
    return new Access(clients, numbered, last);
  }

  /** Whether both let the same clients do the same things, whatever the numbers are. */
  public boolean isLike(Access other) {
    return plain().equals(other.plain());
  }

  private Access plain() {
    return new Access(clients, subExports.stream().map(sub -> sub.withNumber(0)).toList(), 0);
  }
}
