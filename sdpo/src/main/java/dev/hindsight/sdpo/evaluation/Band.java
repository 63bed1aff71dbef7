package dev.hindsight.sdpo.evaluation;

import dev.hindsight.engine.Philox;
import java.util.Arrays;

/**
 * The mean of some measurements and its 95 % bootstrap interval: the 2.5th and the 97.5th
 * percentile of the means of {@value #RESAMPLES} samples drawn with replacement. Counter-based
 * random numbers draw them, so that the same measurements have the same band every time.
 *
 * <p>With five seeds such an interval is narrower than the true one (it covers some 85 %); that two
 * bands do not overlap is still a stronger demand than a difference at that level.
 *
 * @param mean of the measurements
 * @param low lower end
 * @param high upper end
 */
public record Band(double mean, double low, double high) {
  /** Samples drawn. */
  public static final int RESAMPLES = 10_000;

  private static final long STREAM = 0x626F_6F74_7374_7261L;

  /**
   * The band of some measurements; a single one has no width.
   *
   * @throws IllegalArgumentException when there are none, or one is not finite
   */
  public static Band of(double... values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("band: no measurement, expected at least one");
    }
    for (double value : values) {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException(
            "band: the measurements "
                + Arrays.toString(values)
                + " must be finite; a level that was never reached counts as the budget");
      }
    }
    Philox random = new Philox(0, STREAM);
    double[] means = new double[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++) {
      double sum = 0;
      for (int k = 0; k < values.length; k++) {
        sum += values[random.nextInt(values.length)];
      }
      means[i] = sum / values.length;
    }
    Arrays.sort(means);
    // rounding may put the mean of equal numbers outside of them
    double mean = Arrays.stream(values).sum() / values.length;
    return new Band(
        mean, Math.min(mean, percentile(means, .025)), Math.max(mean, percentile(means, .975)));
  }

  private static double percentile(double[] sorted, double p) {
    double at = p * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  /** Whether two bands have a number in common. */
  public boolean overlaps(Band other) {
    return low <= other.high && other.low <= high;
  }
}
