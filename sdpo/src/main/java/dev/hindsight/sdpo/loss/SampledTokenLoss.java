package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import org.jspecify.annotations.Nullable;

/**
 * The loss of SDPO over the sampled token alone: {@code sg(log p(y_t) - log q(y_t)) log p(y_t)}.
 * Over y_t drawn from p its gradient is that of the reverse KL; its value is no divergence, may be
 * negative and cannot be compared between steps. There is no counterpart for other divergences, so
 * it stands for alpha = 1 only.
 *
 * @param isClip upper clip of the importance weight; null leaves the weight out
 */
public record SampledTokenLoss(@Nullable Double isClip) implements TokenLoss {

  public SampledTokenLoss {
    DistillationLoss.requireClip(isClip);
  }

  @Override
  public Variable perToken(TokenRows rows) {
    Variable logP = rows.logPSampled();
    Variable loss = logP.sub(rows.logQSampled()).detach().mul(logP);
    return DistillationLoss.weighted(loss, rows, isClip);
  }

  @Override
  public boolean needsTeacher() {
    return true;
  }
}
