package dev.hindsight.sdpo.config;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds the known name that a misspelt one was meant to be. */
public final class DidYouMean {
  private DidYouMean() {}

  /**
   * The known name nearest to {@code given}, if one is near: at most two letters or a third of them
   * differ, never more than four; or one name begins with the other.
   */
  public static Optional<String> nearest(String given, Collection<String> known) {
    String wanted = plain(given);
    String best = null;
    int bestDistance = Integer.MAX_VALUE;
    for (String name : known) {
      String candidate = plain(name);
      int distance = distance(wanted, candidate);
      boolean prefix =
          Math.min(wanted.length(), candidate.length()) >= 3
              && (wanted.startsWith(candidate) || candidate.startsWith(wanted));
      int length = Math.max(wanted.length(), candidate.length());
      int allowed = length < 4 ? 1 : Math.min(4, Math.max(2, length / 3));
      if ((distance <= allowed || prefix) && distance < bestDistance) {
        best = name;
        bestDistance = distance;
      }
    }
    return Optional.ofNullable(best);
  }

  /** {@code "; did you mean 'x'?"} or, when nothing is near, the empty string. */
  public static String hint(String given, Collection<String> known) {
    return nearest(given, known).map(name -> "; did you mean '" + name + "'?").orElse("");
  }

  /** {@code learningRate}, {@code learning-rate} and {@code learning_rate} are one name here. */
  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "");
  }

  /** Letters to insert, delete, replace, or exchange with their neighbour (restricted Damerau). */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1), d[i - 1][j - 1] + change);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
