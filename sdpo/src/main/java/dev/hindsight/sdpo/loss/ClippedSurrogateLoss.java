package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.function.BiConsumer;

/**
 * The clipped surrogate over logits of arXiv 2601.20802, equation 13, PPO's with every token v in
 * the place of the sampled one:
 *
 * <pre>
 *   -sum_v pi_old(v) min(w(v) A(v), clip(w(v), 1 - low, 1 + high) A(v))
 *   w(v) = p(v) / pi_old(v),   A(v) = sg(log q(v) - log p(v))
 * </pre>
 *
 * over the K likeliest tokens of pi_old, not renormalised. The equation writes {@code
 * min(pi_old(v), rho pi_rollout(v))} where pi_old stands here: one engine samples and trains, so
 * the two are equal, and a rollout correction that is asked for weighs the whole token. The
 * reference code does not have this loss; it multiplies the divergence by a weight ({@link
 * DistillationLoss}).
 *
 * @param k tokens of pi_old; more than the vocabulary means all of it
 * @param tail whether one more outcome holds the rest of the probability; the equation has none
 * @param clipLow how far below 1 a ratio counts
 * @param clipHigh how far above 1
 * @param largestAdvantage A is cut here first; infinity for no cut
 */
public record ClippedSurrogateLoss(
    int k, boolean tail, double clipLow, double clipHigh, double largestAdvantage)
    implements TokenLoss {

  public ClippedSurrogateLoss {
    SurrogateLoss.requireAdvantage(largestAdvantage);
    if (k < 1 || !(clipLow >= 0 && clipLow <= 1 && clipHigh >= 0)) {
      throw new IllegalArgumentException(
          "clipped surrogate: K "
              + k
              + ", clip "
              + clipLow
              + ", "
              + clipHigh
              + ", expected K of at least 1, low in [0, 1], high >= 0");
    }
  }

  /** Over the outcomes v: log p, log pi_old, A. */
  private record Outcomes(Variable logP, Variable logOld, Variable advantage) {
    Variable ratio() {
      return ImportanceWeight.ratio(logP, logOld);
    }
  }

  private Outcomes outcomes(TokenRows rows) {
    Variable p = rows.logP();
    OldTop old = rows.oldTop();
    int kept = Math.min(k, p.dim(1));
    if (old != null && old.k() != kept) {
      throw new IllegalStateException(
          "clipped surrogate: K is " + kept + ", pi_old was kept at " + old.k() + " tokens a row");
    }
    Shape shape = Shape.of(p.dim(0), kept);
    var backend = p.tensor().backend();
    Tensor at =
        old == null ? rows.likeliest(kept).indices() : Tensor.of(backend, shape, old.indices());
    Variable logP = head(p.gatherLast(at));
    Variable logQ = head(rows.teacher().gatherLast(at));
    Variable logOld =
        old == null
            ? logP.detach()
            : head(Variable.constant(Tensor.of(backend, p.tensor().dtype(), shape, old.logOld())));
    return new Outcomes(logP, logOld, SurrogateLoss.clipped(logQ.sub(logP), largestAdvantage));
  }

  private Variable head(Variable top) {
    return tail ? Support.TopK.withTail(top) : top;
  }

  @Override
  public Variable perToken(TokenRows rows) {
    Outcomes v = outcomes(rows);
    Variable w = v.ratio();
    Variable clipped = w.clamp(1 - clipLow, 1 + clipHigh);
    Variable gain = w.mul(v.advantage).minimum(clipped.mul(v.advantage));
    return v.logOld.exp().mul(gain).sum(-1).neg();
  }

  @Override
  public boolean needsTeacher() {
    return true;
  }

  @Override
  public void measure(TokenRows rows, BiConsumer<String, Variable> to) {
    Outcomes v = outcomes(rows);
    Variable free = v.ratio().mul(v.advantage);
    Variable clipped = v.ratio().clamp(1 - clipLow, 1 + clipHigh).mul(v.advantage);
    Variable bound = free.sub(free.minimum(clipped)).sign();
    to.accept("surrogate_clip_mass", v.logOld.exp().mul(bound).sum(-1));
    new Support.TopK(k, tail).measure(rows, to);
  }
}
