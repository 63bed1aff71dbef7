package dev.hindsight.sdpo.loss;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Corrects for a sampler that is not quite the policy that is trained: pi_old / pi_rollout as a
 * weight of every token (truncated importance sampling, TIS, of Yao et al.; arXiv 2601.20802,
 * equation 13), or as a reason to leave tokens out (rejection sampling). In this engine one policy
 * does both and the ratio is exactly 1 where nothing else intervenes.
 *
 * @param weights which ratio weighs a token
 * @param threshold upper clip of a weight
 * @param batchNormalize whether weights are divided by their mean over the batch
 * @param rejection which ratio decides whether a token counts at all
 * @param highest largest ratio that counts
 * @param lowest smallest
 */
public record RolloutCorrection(
    Level weights,
    double threshold,
    boolean batchNormalize,
    Rejection rejection,
    double highest,
    double lowest) {

  /** Of what a weight is the ratio. */
  public enum Level {
    NONE,
    /** One weight a token. */
    TOKEN,
    /** One weight a sequence: of the summed log-ratios. */
    SEQUENCE
  }

  /** Of what the ratio is that a token is rejected by. */
  public enum Rejection {
    NONE,
    /** The token itself. */
    TOKEN,
    /** Its sequence: of the summed log-ratios; the whole sequence is rejected. */
    SEQUENCE,
    /** Its sequence, by the geometric mean of its tokens' ratios. */
    GEOMETRIC
  }

  /** Nothing is corrected. */
  public static final RolloutCorrection OFF =
      new RolloutCorrection(Level.NONE, 2, false, Rejection.NONE, 2, .5);

  /**
   * By response, then by token.
   *
   * @param weights of the tokens
   * @param rejected tokens that do not count
   */
  public record Result(List<double[]> weights, List<boolean[]> rejected) {}

  /**
   * The correction of a batch.
   *
   * @param logOld log-probabilities of the responses under the trainer's policy when the update
   *     began
   * @param logRollout the same, as the sampler recorded them
   */
  public Result of(List<float[]> logOld, List<float[]> logRollout) {
    List<double[]> weights = new ArrayList<>();
    List<boolean[]> rejected = new ArrayList<>();
    double sum = 0;
    long count = 0;
    for (int i = 0; i < logOld.size(); i++) {
      float[] old = logOld.get(i);
      float[] rollout = logRollout.get(i);
      double sumOld = sum(old);
      double sumRollout = sum(rollout);
      double[] w = new double[old.length];
      boolean[] out = new boolean[old.length];
      for (int t = 0; t < w.length; t++) {
        w[t] =
            switch (weights()) {
              case NONE -> 1;
              case TOKEN -> ImportanceWeight.truncated(old[t], rollout[t], threshold);
              case SEQUENCE -> ImportanceWeight.truncated(sumOld, sumRollout, threshold);
            };
        out[t] =
            switch (rejection) {
              case NONE -> false;
              case TOKEN -> outside((double) old[t] - rollout[t]);
              case SEQUENCE -> outside(sumOld - sumRollout);
              case GEOMETRIC -> outside((sumOld - sumRollout) / w.length);
            };
      }
      weights.add(w);
      rejected.add(out);
      if (weights() == Level.SEQUENCE && w.length > 0) {
        sum += w[0];
        count++;
      } else {
        sum += Arrays.stream(w).sum();
        count += w.length;
      }
    }
    if (batchNormalize && count > 0) {
      double mean = sum / count;
      weights.forEach(w -> Arrays.setAll(w, t -> w[t] / mean));
    }
    return new Result(weights, rejected);
  }

  private boolean outside(double logRatio) {
    double ratio = ImportanceWeight.truncated(logRatio, 0, Double.POSITIVE_INFINITY);
    return ratio > highest || ratio < lowest;
  }

  private static double sum(float[] values) {
    double sum = 0;
    for (float v : values) {
      sum += v;
    }
    return sum;
  }
}
