package dev.hindsight.sdpo.loss;

import java.util.Arrays;

/**
 * How token losses become one number. Every mode is a weighted sum in which all live tokens of a
 * sequence weigh the same, so a mode is a list of weights, one a sequence; a token is live when the
 * response mask and the sample's self-distillation mask both say so.
 */
public enum Aggregation {
  /**
   * What the reference computes with one sequence a micro-batch: (1/N) sum_i (1/n_i) sum_t l, where
   * N counts masked sequences too, so that the step shrinks with the masked share. Not the global
   * token mean that the paper writes.
   */
  REFERENCE_EFFECTIVE,

  /** The mean over all live tokens, as the paper writes it. */
  TOKEN_MEAN,

  /** Summed over tokens, mean over the sequences that have a live token. */
  SEQ_MEAN_TOKEN_SUM,

  /**
   * Mean over tokens (n_i + 1e-8), mean over the sequences that have a live token: active ones
   * only.
   */
  SEQ_MEAN_TOKEN_MEAN,

  /** Summed over everything, divided by a constant. */
  SEQ_MEAN_TOKEN_SUM_NORM;

  /**
   * The weight of each live token, by sequence; finite when nothing is live.
   *
   * @param live live tokens of each sequence; 0 for a masked one
   * @param scale the constant of {@link #SEQ_MEAN_TOKEN_SUM_NORM}; other modes ignore it
   */
  public double[] weights(int[] live, double scale) {
    double tokens = Math.max(Arrays.stream(live).asLongStream().sum(), 1);
    double active = Math.max(Arrays.stream(live).filter(n -> n > 0).count(), 1);
    return Arrays.stream(live)
        .mapToDouble(
            n ->
                switch (this) {
                  case REFERENCE_EFFECTIVE -> 1.0 / (live.length * (double) Math.max(n, 1));
                  case TOKEN_MEAN -> 1 / tokens;
                  case SEQ_MEAN_TOKEN_SUM -> 1 / active;
                  case SEQ_MEAN_TOKEN_MEAN -> 1 / (active * (n + 1e-8));
                  case SEQ_MEAN_TOKEN_SUM_NORM -> 1 / scale;
                })
        .toArray();
  }
}
