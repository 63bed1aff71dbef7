package dev.hindsight.autograd;

import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;

/** Losses between distributions over the last axis, given as log-probabilities. */
final class Divergences {
  private static final double LOWEST = -1e30;

  private Divergences() {}

  /** {@code sum p (log p - log q)}; a term with p = 0 is 0, whatever q. */
  static Variable kl(Variable logP, Variable logQ) {
    Axes.requirePair("klDivergence", logP, logQ);
    Tensor p = logP.tensor();
    Tensor none = Masks.equal(TensorOps.unary(UnaryOp.EXP, p), 0);
    Variable zero = Variable.result(Masks.scalar(p, 0));
    // 0 and 0 there, and no gradient: 0 times infinity would be NaN
    Variable a = Variable.where(none, zero, logP);
    Variable b = Variable.where(none, zero, logQ);
    return a.exp().mul(a.sub(b)).sum(-1).squeeze(-1);
  }

  /** {@code (1 - alpha) KL(p || m) + alpha KL(q || m)}, {@code m = (1 - alpha) p + alpha q}. */
  static Variable js(Variable logP, Variable logQ, double alpha) {
    if (!(alpha > 0 && alpha < 1)) {
      throw new IllegalArgumentException(
          "jsDivergence: alpha must lie between 0 and 1, both excluded, got "
              + alpha
              + "; klDivergence is what the ends mean elsewhere");
    }
    Shape shape = Axes.requirePair("jsDivergence", logP, logQ);
    // in place of minus infinity, whose differences are NaN, a number whose exponential is 0 too
    Variable p = logP.clamp(LOWEST, Double.POSITIVE_INFINITY).expand(shape);
    Variable q = logQ.clamp(LOWEST, Double.POSITIVE_INFINITY).expand(shape);
    Variable both = Variable.stack(-1, p.plus(Math.log1p(-alpha)), q.plus(Math.log(alpha)));
    Variable logM = both.logSumExp(-1).squeeze(-1);
    return kl(p, logM).times(1 - alpha).add(kl(q, logM).times(alpha));
  }

  /**
   * {@code (1 - s) (-log p[target]) + s mean(-log p)}, 0 where the target is negative or ignored.
   */
  static Variable crossEntropy(Variable logits, Tensor targets, int ignoreIndex, double smoothing) {
    if (!(smoothing >= 0 && smoothing <= 1)) {
      throw new IllegalArgumentException(
          "crossEntropy: label smoothing lies between 0 and 1, got " + smoothing);
    }
    int[] classes = targets.toInts();
    double[] counted = new double[classes.length];
    for (int n = 0; n < classes.length; n++) {
      classes[n] = classes[n] == ignoreIndex ? -1 : classes[n];
      counted[n] = classes[n] < 0 ? 0 : 1;
    }
    Shape rows = targets.shape();
    Variable loss = logits.crossEntropy(Tensor.of(logits.tensor().backend(), rows, classes));
    if (smoothing == 0) {
      return loss;
    }
    Tensor weights = Masks.tensor(logits.tensor(), rows, counted);
    Variable zero = Variable.result(Masks.scalar(logits.tensor(), 0));
    Variable read = Variable.where(weights.unsqueeze(1), logits, zero); // ignored rows may be NaN
    Variable uniform = read.logSoftmax().mean(-1).squeeze(-1).neg();
    return loss.times(1 - smoothing).add(Variable.where(weights, uniform, zero).times(smoothing));
  }
}
