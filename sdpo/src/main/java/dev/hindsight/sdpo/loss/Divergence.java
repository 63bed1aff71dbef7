package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;

/**
 * The divergence between the student's next-token distribution p and the self-teacher's q, one
 * number a position. {@code alpha} chooses the member of the family:
 *
 * <ul>
 *   <li>exactly 0: forward KL(q || p);
 *   <li>exactly 1: reverse KL(p || q), equation 1 of arXiv 2601.20802;
 *   <li>between: the generalised Jensen-Shannon divergence (1 - alpha) KL(p || m) + alpha KL(q ||
 *       m) with m = (1 - alpha) p + alpha q.
 * </ul>
 *
 * <p>The family is not continuous at its ends: for alpha towards 0 it behaves like alpha KL(q ||
 * p), towards 1 like (1 - alpha) KL(p || q). It vanishes there, and the end points jump to a full
 * KL.
 *
 * @param alpha in [0, 1]
 */
public record Divergence(double alpha) {
  public Divergence {
    if (!(alpha >= 0 && alpha <= 1)) {
      throw new IllegalArgumentException(
          "divergence: alpha " + alpha + " lies outside [0, 1]: 0 is forward KL, 1 is reverse KL");
    }
  }

  /**
   * @param logP log-probabilities of the student {@code [N, B]}
   * @param logQ log-probabilities of the teacher {@code [N, B]}; gradients stop here
   * @return {@code [N, 1]}
   */
  public Variable between(Variable logP, Variable logQ) {
    Variable q = logQ.detach();
    if (alpha == 0.0) {
      return kl(q, logP);
    }
    if (alpha == 1.0) {
      return kl(logP, q);
    }
    // log m = log((1 - alpha) p + alpha q), in log space: log(e^a + e^b) = b + softplus(a - b)
    Variable a = logP.plus(Math.log1p(-alpha));
    Variable b = q.plus(Math.log(alpha));
    Variable logM = b.add(a.sub(b).softplus());
    return kl(logP, logM).times(1 - alpha).add(kl(q, logM).times(alpha));
  }

  /** KL(a || b) = sum_v a(v) (log a(v) - log b(v)) over the last axis. */
  static Variable kl(Variable logA, Variable logB) {
    return kl(logA.exp(), logA, logB);
  }

  /** The same where a is known, too. */
  static Variable kl(Variable a, Variable logA, Variable logB) {
    return a.mul(logA.sub(logB)).sum(-1);
  }
}
