package dev.hindsight.sdpo.loss;

/** GRPO's advantage: how much better a rollout did than the others of its question. */
public final class Advantage {
  /** Added to the standard deviation, as the reference does. */
  private static final double EPSILON = 1e-6;

  private Advantage() {}

  /**
   * {@code A_i = r_i - mean(r)}, divided by the group's unbiased standard deviation plus 1e-6 when
   * {@code byStd}. A group of one has mean 0 and standard deviation 1, as in the reference.
   *
   * @param rewards of the rollouts of one question
   */
  public static double[] groupRelative(double[] rewards, boolean byStd) {
    int n = rewards.length;
    double mean = 0;
    double std = 1;
    if (n > 1) {
      // one division: n parts r / n need not add up to r, and equal rewards must have no advantage
      for (double r : rewards) {
        mean += r;
      }
      mean /= n;
      double squares = 0;
      for (double r : rewards) {
        squares += (r - mean) * (r - mean);
      }
      std = Math.sqrt(squares / (n - 1));
    }
    double[] advantage = new double[n];
    for (int i = 0; i < n; i++) {
      advantage[i] = (rewards[i] - mean) / (byStd ? std + EPSILON : 1);
    }
    return advantage;
  }
}
