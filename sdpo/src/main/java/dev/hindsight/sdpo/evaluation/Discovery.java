package dev.hindsight.sdpo.evaluation;

import java.util.List;

/**
 * How soon a right answer is found: discovery@k of section 5 of the SDPO paper (arXiv 2601.20802),
 * which is pass@k where the attempts are independent.
 */
public final class Discovery {
  /** The first right answer of a run that found none. */
  public static final long NEVER = Long.MAX_VALUE;

  private Discovery() {}

  /**
   * The unbiased estimate of pass@k from {@code n} independent attempts of which {@code c} were
   * right: {@code 1 - C(n - c, k) / C(n, k)} (Chen et al. 2021, arXiv 2107.03374).
   *
   * @throws IllegalArgumentException unless 0 &le; c &le; n and 1 &le; k &le; n
   */
  public static double passAtK(long n, long c, long k) {
    if (c < 0 || c > n || k < 1 || k > n) {
      throw new IllegalArgumentException(
          "pass@k: n = "
              + n
              + ", c = "
              + c
              + ", k = "
              + k
              + "; expected 0 <= c <= n right answers and 1 <= k <= n attempts");
    }
    if (c > n - k) {
      return 1; // fewer wrong answers than k
    }
    // log of the product over i of (n - k - i) / (n - i), one factor a right answer
    double log = 0;
    for (long i = 0; i < c; i++) {
      log += StrictMath.log1p(-k / (double) (n - i));
    }
    return -StrictMath.expm1(log);
  }

  /** pass@k of independent attempts that are right with probability {@code p}. */
  public static double passAtK(double p, long k) {
    return -StrictMath.expm1(k * StrictMath.log1p(-p));
  }

  /**
   * The share of runs that had found a right answer within {@code k} attempts.
   *
   * @param first the attempt, from 1, that was right first in each run; {@link #NEVER} for none
   */
  public static double atK(List<Long> first, long k) {
    return first.stream().filter(t -> t <= k).count() / (double) first.size();
  }

  /** The mean number of attempts to the first right answer; a run without one counts the budget. */
  public static double cappedMean(List<Long> first, long budget) {
    return first.stream().mapToDouble(t -> Math.min(t, budget)).average().orElseThrow();
  }
}
