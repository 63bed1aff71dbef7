package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import java.util.function.BiConsumer;

/**
 * The clipped policy-gradient loss of PPO as the paper's GRPO baseline uses it: {@code -min(w A,
 * clip(w, 1 - low, 1 + high) A)} with w the ratio of the policy now to that at the start of the
 * update, asymmetric as in DAPO; for A &lt; 0 no more than {@code -c A} (dual clip).
 *
 * @param clipLow how far below 1 the ratio counts
 * @param clipHigh how far above 1
 * @param dualClip c, greater than 1; infinity for none
 */
public record PolicyGradientLoss(double clipLow, double clipHigh, double dualClip)
    implements TokenLoss {

  public PolicyGradientLoss {
    if (!(clipLow >= 0 && clipLow <= 1 && clipHigh >= 0 && dualClip > 1)) {
      throw new IllegalArgumentException(
          "policy-gradient loss: clip "
              + clipLow
              + ", "
              + clipHigh
              + " and dual clip "
              + dualClip
              + ", expected low in [0, 1], high >= 0, dual > 1");
    }
  }

  @Override
  public Variable perToken(TokenRows rows) {
    Variable minusA = rows.advantages().neg();
    Variable w = ImportanceWeight.ratio(rows.logPSampled(), rows.logOld());
    Variable clipped = minusA.mul(w).maximum(minusA.mul(w.clamp(1 - clipLow, 1 + clipHigh)));
    if (Double.isInfinite(dualClip)) {
      return clipped;
    }
    // -c A bounds the loss where A < 0; where A > 0 the loss is negative and |c A| never binds
    return clipped.minimum(minusA.abs().times(dualClip));
  }

  @Override
  public boolean needsTeacher() {
    return false;
  }

  @Override
  public void measure(TokenRows rows, BiConsumer<String, Variable> to) {
    Variable w = ImportanceWeight.ratio(rows.logPSampled(), rows.logOld());
    Variable unclipped = rows.advantages().neg().mul(w);
    // minimum and maximum choose one of their operands: no difference is no clip
    to.accept("clip_fraction", perToken(rows).sub(unclipped).abs().sign());
  }
}
