package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The loss of SDPO over the sampled token alone: {@code sg(log p(y_t) - log q(y_t)) log p(y_t)}.
 * Over y_t drawn from p its gradient is that of the reverse KL; its value is no divergence, may be
 * negative and cannot be compared between steps. There is no counterpart for other divergences, so
 * it stands for alpha = 1 only.
 *
 * @param isClip upper clip of the importance weight; null leaves the weight out
 * @param largestAdvantage {@code log q(y_t) - log p(y_t)} is cut here; infinity for no cut
 */
public record SampledTokenLoss(@Nullable Double isClip, double largestAdvantage)
    implements TokenLoss {

  public SampledTokenLoss {
    DistillationLoss.requireClip(isClip);
    SurrogateLoss.requireAdvantage(largestAdvantage);
  }

  /** The loss without a limit for the advantage. */
  public SampledTokenLoss(@Nullable Double isClip) {
    this(isClip, Double.POSITIVE_INFINITY);
  }

  @Override
  public Variable perToken(TokenRows rows) {
    Variable logP = rows.logPSampled();
    Variable advantage = rows.logQSampled().sub(logP);
    Variable loss = SurrogateLoss.clipped(advantage, largestAdvantage).neg().mul(logP);
    return DistillationLoss.weighted(loss, rows, isClip);
  }

  @Override
  public void measure(TokenRows rows, BiConsumer<String, Variable> to) {
    Variable advantage = rows.logQSampled().sub(rows.logPSampled());
    if (!Double.isInfinite(largestAdvantage)) {
      to.accept("advantage_clip_mass", TokenLoss.exceeds(advantage, largestAdvantage));
    }
    DistillationLoss.measureClip(rows, isClip, to);
  }

  @Override
  public boolean needsTeacher() {
    return true;
  }
}
