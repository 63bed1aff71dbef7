package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * SDPO as the policy gradient that it is (arXiv 2601.20802): {@code -rho_t sum_v p(v) sg(A(v))}
 * with A(v) = log q(v) - log p(v), the advantage of token v in the self-teacher's eyes. Its
 * gradient is that of the reverse KL as long as no advantage is clipped; {@code A <- min(A, c)}
 * bounds what one token may gain, which a divergence cannot express.
 *
 * @param support over which outcomes v
 * @param largestAdvantage c; infinity clips nothing
 * @param isClip upper clip of the importance weight rho; null leaves the weight out
 */
public record SurrogateLoss(Support support, double largestAdvantage, @Nullable Double isClip)
    implements TokenLoss {

  public SurrogateLoss {
    DistillationLoss.requireClip(isClip);
    requireAdvantage(largestAdvantage);
  }

  static void requireAdvantage(double largest) {
    if (!(largest > 0)) {
      throw new IllegalArgumentException(
          "distillation loss: the largest advantage is " + largest + ", expected more than 0");
    }
  }

  @Override
  public Variable perToken(TokenRows rows) {
    Support.Buckets b = support.of(rows);
    Variable advantage = clipped(b.logQ().sub(b.logP()), largestAdvantage);
    return DistillationLoss.weighted(b.logP().exp().mul(advantage).sum(-1).neg(), rows, isClip);
  }

  /** {@code sg min(A, c)}. */
  static Variable clipped(Variable advantage, double largest) {
    Variable a = advantage.detach();
    return Double.isInfinite(largest) ? a : a.clamp(Double.NEGATIVE_INFINITY, largest);
  }

  @Override
  public boolean needsTeacher() {
    return true;
  }

  @Override
  public void measure(TokenRows rows, BiConsumer<String, Variable> to) {
    Support.Buckets b = support.of(rows);
    Variable beyond = TokenLoss.exceeds(b.logQ().sub(b.logP()), largestAdvantage);
    to.accept("advantage_clip_mass", b.logP().exp().mul(beyond).sum(-1));
    DistillationLoss.measureClip(rows, isClip, to);
    support.measure(rows, to);
  }
}
