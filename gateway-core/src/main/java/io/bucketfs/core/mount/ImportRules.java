package io.bucketfs.core.mount;

import java.util.HashSet;
import java.util.List;

/**
 * Which objects' data come from the bucket before somebody reads them. Of the rules whose prefix a
 * path begins with the longest holds.
 *
 * @param rules at most {@value #RULES_MAX}, of which exactly one is for everything
 */
public record ImportRules(List<Rule> rules) {
  public static final int RULES_MAX = 10;

  /** Data below this follow by themselves where nothing is said. */
  public static final long SIZE_DEFAULT = 131_072;

  /** The highest size that a rule may say: such an object is one request. */
  public static final long SIZE_MAX = 8L << 20;

  /** What holds where nothing is said. */
  public static final ImportRules DEFAULT =
      new ImportRules(List.of(new Rule("", Trigger.ON_DIRECTORY_FIRST_ACCESS, SIZE_DEFAULT)));

  /** Nothing is fetched before it is read. */
  public static final ImportRules ON_FILE_ACCESS =
      new ImportRules(List.of(new Rule("", Trigger.ON_FILE_ACCESS, 0)));

  /** What makes data come. */
  public enum Trigger {
    /** The first use of the directory: together with the attributes, in one request. */
    ON_DIRECTORY_FIRST_ACCESS,
    /** A read of the file. */
    ON_FILE_ACCESS
  }

  /**
   * A rule.
   *
   * @param prefix what paths inside the mount begin with, without a leading slash
   * @param sizeBelow objects of fewer bytes than this come by themselves
   */
  public record Rule(String prefix, Trigger trigger, long sizeBelow) {}

  public ImportRules {
    rules = List.copyOf(rules);
    var prefixes = new HashSet<String>();
    for (var rule : rules) {
      if (!prefixes.add(rule.prefix())) {
        throw new IllegalArgumentException("two import rules are for /" + rule.prefix());
      }
      if (rule.sizeBelow() < 0 || rule.sizeBelow() > SIZE_MAX) {
        throw new IllegalArgumentException("an import rule's size is from 0 to 8 MiB");
      }
      if (rule.prefix().startsWith("/")) {
        throw new IllegalArgumentException("an import rule's prefix begins with a slash");
      }
    }
    if (!prefixes.contains("")) {
      throw new IllegalArgumentException("one import rule must be for /, which is everything");
    }
    if (rules.size() > RULES_MAX) {
      throw new IllegalArgumentException("there are more than 10 import rules");
    }
  }

  /** Whether the data of an object come with its attributes. */
  public boolean comesByItself(String path, long sizeBytes) {
    Rule longest = null;
    for (var rule : rules) {
      if (path.startsWith(rule.prefix)
          && (longest == null || rule.prefix.length() > longest.prefix.length())) {
        longest = rule;
      }
    }
    return longest != null
        && longest.trigger == Trigger.ON_DIRECTORY_FIRST_ACCESS
        && sizeBytes > 0
        && sizeBytes < longest.sizeBelow;
  }

  /** Whether the data of any object come before they are read. */
  public boolean anyComesByItself() {
    return rules.stream()
        .anyMatch(rule -> rule.trigger == Trigger.ON_DIRECTORY_FIRST_ACCESS && rule.sizeBelow > 1);
  }
}
