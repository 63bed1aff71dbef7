package dev.hindsight.sdpo.loss;

import java.util.Arrays;

/** GRPO's advantage: how much better a rollout did than the others of its question. */
public final class Advantage {
  /** Added to the standard deviation, as the reference does. */
  private static final double EPSILON = 1e-6;

  /** TRL's in the same place. */
  private static final double TRL_EPSILON = 1e-4;

  /** By what TRL divides r - mean of the group ({@code scale_rewards}). */
  public enum Scale {
    /** The standard deviation of the group's rewards. */
    GROUP,
    /** The standard deviation of the whole batch's rewards. */
    BATCH,
    /** Nothing, as in Dr. GRPO. */
    NONE
  }

  private Advantage() {}

  /**
   * {@code A_i = (r_i - mean of its group) / (std + 1e-4)} with an unbiased standard deviation of
   * the group, of the batch, or none.
   *
   * @param rewards of a batch, group by group
   * @param n rollouts of a group
   */
  public static double[] scaled(double[] rewards, int n, Scale scale) {
    double[] advantage = new double[rewards.length];
    double batch = deviation(rewards, mean(rewards));
    for (int from = 0; from < rewards.length; from += n) {
      double[] group = Arrays.copyOfRange(rewards, from, from + n);
      double mean = mean(group);
      double divisor =
          switch (scale) {
            case GROUP -> deviation(group, mean) + TRL_EPSILON;
            case BATCH -> batch + TRL_EPSILON;
            case NONE -> 1;
          };
      for (int i = 0; i < n; i++) {
        advantage[from + i] = (group[i] - mean) / divisor;
      }
    }
    return advantage;
  }

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
      mean = mean(rewards);
      std = deviation(rewards, mean);
    }
    double[] advantage = new double[n];
    for (int i = 0; i < n; i++) {
      advantage[i] = (rewards[i] - mean) / (byStd ? std + EPSILON : 1);
    }
    return advantage;
  }

  private static double mean(double[] rewards) {
    // one division: n parts r / n need not add up to r, and equal rewards must have no advantage
    double sum = 0;
    for (double r : rewards) {
      sum += r;
    }
    return sum / rewards.length;
  }

  private static double deviation(double[] rewards, double mean) {
    double squares = 0;
    for (double r : rewards) {
      squares += (r - mean) * (r - mean);
    }
    return Math.sqrt(squares / Math.max(1, rewards.length - 1));
  }
}
