package dev.hindsight.sdpo.loss;

import java.util.Arrays;

/**
 * The K likeliest tokens of pi_old at every response token, and their log-probabilities: what the
 * per-logit surrogate remembers of the policy that an update began with, in place of its logits.
 *
 * @param k tokens a row
 * @param indices {@code [rows, k]}, row by row
 * @param logOld log pi_old of these, over the whole vocabulary; in double, as the mass of the tail
 *     is what they leave of 1
 */
public record OldTop(int k, int[] indices, double[] logOld) {
  /** Rows {@code from .. to - 1}. */
  public OldTop rows(int from, int to) {
    return new OldTop(
        k,
        Arrays.copyOfRange(indices, from * k, to * k),
        Arrays.copyOfRange(logOld, from * k, to * k));
  }
}
