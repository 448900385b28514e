package io.bucketfs.core.object;

import java.util.Comparator;

/** S3's order of keys: by their UTF-8 bytes, which is the order of their code points. */
public enum KeyOrder implements Comparator<String> {
  INSTANCE;

  @Override
  public int compare(String left, String right) {
    var common = Math.min(left.length(), right.length());
    for (int i = 0; i < common; i++) {
      var l = left.charAt(i);
      var r = right.charAt(i);
      if (l != r) {
        return Integer.compare(rank(l), rank(r));
      }
    }
    return Integer.compare(left.length(), right.length());
  }

  /** Surrogates stand for code points above all other characters. */
  private static int rank(char c) {
    if (c < Character.MIN_SURROGATE) {
      return c;
    }
    return c > Character.MAX_SURROGATE ? c - 0x800 : c + 0x2000;
  }

  /** The first string after all that start with the given, not empty, prefix. */
  static String afterPrefix(String prefix) {
    var last = prefix.codePointBefore(prefix.length());
    if (last == Character.MAX_CODE_POINT) {
      throw new IllegalArgumentException("nothing comes after U+10FFFF");
    }
    var next = last + 1 == Character.MIN_SURROGATE ? Character.MAX_SURROGATE + 1 : last + 1;
    return prefix.substring(0, prefix.length() - Character.charCount(last))
        + Character.toString(next);
  }
}
