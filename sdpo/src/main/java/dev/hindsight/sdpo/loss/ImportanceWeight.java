package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;

/**
 * Importance weights of tokens that another policy sampled. Two independent ones exist, and both
 * multiply the whole loss of a token without being differentiated: the current policy against the
 * one that the update began with (IS clip), and that one against the sampler (truncated importance
 * sampling, TIS, of Yao et al.).
 */
public final class ImportanceWeight {
  /** Log-ratios are cut here before they are exponentiated: e^20 is far beyond any clip. */
  public static final double LARGEST_LOG_RATIO = 20;

  private ImportanceWeight() {}

  /**
   * {@code exp(clamp(log p - log pi_old, -20, 20))}, differentiable.
   *
   * @param logP log-probabilities of the sampled tokens now, any shape
   * @param logOld the same at the start of the update
   */
  static Variable ratio(Variable logP, Variable logOld) {
    return logP.sub(logOld.detach()).clamp(-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO).exp();
  }

  /** {@code rho = sg min(ratio, clip)}: an upper clip only. */
  static Variable clipped(Variable logP, Variable logOld, double clip) {
    return ratio(logP.detach(), logOld).clamp(0, clip);
  }

  /**
   * The TIS weight of one token, {@code min(exp(clamp(log pi_old - log pi_rollout)), threshold)};
   * for a weight a sequence give the sums of the sequence's log-probabilities.
   */
  public static double truncated(double logOld, double logRollout, double threshold) {
    double logRatio = Math.clamp(logOld - logRollout, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO);
    return Math.min(Math.exp(logRatio), threshold);
  }
}
