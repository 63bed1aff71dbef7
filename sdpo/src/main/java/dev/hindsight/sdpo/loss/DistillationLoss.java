package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import org.jspecify.annotations.Nullable;

/**
 * The loss of SDPO over distributions: {@code rho_t D(p_t, sg(q_t))}, where the self-teacher q
 * reads the student's own response under a prompt that holds feedback or a demonstration (arXiv
 * 2601.20802, equation 1, with the divergences and supports of its ablations).
 *
 * @param divergence which member of the alpha family
 * @param support over which outcomes
 * @param isClip upper clip of the importance weight rho; null leaves the weight out
 */
public record DistillationLoss(Divergence divergence, Support support, @Nullable Double isClip)
    implements TokenLoss {

  public DistillationLoss {
    requireClip(isClip);
  }

  @Override
  public Variable perToken(TokenRows rows) {
    Support.Buckets buckets = support.of(rows.logP(), rows.teacher());
    Variable loss = divergence.between(buckets.logP(), buckets.logQ());
    return weighted(loss, rows, isClip);
  }

  @Override
  public boolean needsTeacher() {
    return true;
  }

  static Variable weighted(Variable loss, TokenRows rows, @Nullable Double isClip) {
    return isClip == null
        ? loss
        : loss.mul(ImportanceWeight.clipped(rows.logPSampled(), rows.logOld(), isClip));
  }

  static void requireClip(@Nullable Double isClip) {
    if (isClip != null && !(isClip > 0)) {
      throw new IllegalArgumentException(
          "distillation loss: is_clip is "
              + isClip
              + ", expected greater than 0, or null for no weight");
    }
  }
}
