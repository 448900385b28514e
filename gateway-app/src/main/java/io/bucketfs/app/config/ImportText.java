package io.bucketfs.app.config;

import io.bucketfs.core.mount.ImportRules;
import io.bucketfs.core.mount.ImportRules.Rule;
import io.bucketfs.core.mount.ImportRules.Trigger;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Import rules as people write them: {@code PREFIX on-directory-first-access SIZE} or {@code PREFIX
 * on-file-access}, where the prefix begins with a slash that is the mount's root.
 */
public final class ImportText {
  private static final String DIRECTORY = "on-directory-first-access";
  private static final String FILE = "on-file-access";
  private static final Pattern RULE =
      Pattern.compile("(/.*?)\\s+(?:" + FILE + "|" + DIRECTORY + "\\s+(\\S+))");

  private ImportText() {}

  /** Reads rules, one a line. */
  static ImportRules rules(String text) {
    var rules = new ArrayList<Rule>();
    for (var line : text.strip().split("\n", -1)) {
      var match = RULE.matcher(line.strip());
      if (!match.matches()) {
        throw new IllegalArgumentException(
            "'%s' is neither '/PREFIX %s SIZE' nor '/PREFIX %s'".formatted(line, DIRECTORY, FILE));
      }
      var prefix = match.group(1).substring(1);
      var size = match.group(2);
      if (size == null) {
        rules.add(new Rule(prefix, Trigger.ON_FILE_ACCESS, 0));
      } else {
        var bytes =
            ByteSizes.parse(size)
                .orElseThrow(() ->
                    new IllegalArgumentException("'%s' is not %s".formatted(size, ByteSizes.FORM)));
        rules.add(new Rule(prefix, Trigger.ON_DIRECTORY_FIRST_ACCESS, bytes));
      }
    }
    return new ImportRules(rules);
  }

  /** Writes rules. */
  public static List<String> of(ImportRules rules) {
    return rules.rules().stream()
        .map(rule ->
            "/"
                + rule.prefix()
                + " "
                + switch (rule.trigger()) {
                  case ON_FILE_ACCESS -> FILE;
                  case ON_DIRECTORY_FIRST_ACCESS ->
                      DIRECTORY + " " + ByteSizes.format(rule.sizeBelow()).replace(" ", "");
                })
        .toList();
  }
}
