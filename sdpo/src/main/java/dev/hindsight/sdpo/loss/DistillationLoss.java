package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The loss of SDPO over distributions: {@code rho_t D(p_t, sg(q_t))}, where the self-teacher q
 * reads the student's own response under a prompt that holds feedback or a demonstration (arXiv
 * 2601.20802, equation 1, with the divergences and supports of its ablations).
 *
 * @param divergence which member of the alpha family
 * @param support over which outcomes
 * @param isClip upper clip of the importance weight rho; null leaves the weight out
 * @param klClip largest divergence that a token counts with, {@code min(D_t, c)}: a token beyond it
 *     gives no gradient; null for no limit
 */
public record DistillationLoss(
    Divergence divergence, Support support, @Nullable Double isClip, @Nullable Double klClip)
    implements TokenLoss {

  public DistillationLoss {
    requireClip(isClip);
    if (klClip != null && !(klClip > 0)) {
      throw new IllegalArgumentException(
          "distillation loss: the per-token KL clip is " + klClip + ", expected greater than 0");
    }
  }

  /** The loss without a limit for a token. */
  public DistillationLoss(Divergence divergence, Support support, @Nullable Double isClip) {
    this(divergence, support, isClip, null);
  }

  @Override
  public Variable perToken(TokenRows rows) {
    Variable loss = divergence(rows);
    return weighted(
        klClip == null ? loss : loss.clamp(Double.NEGATIVE_INFINITY, klClip), rows, isClip);
  }

  private Variable divergence(TokenRows rows) {
    Support.Buckets buckets = support.of(rows);
    return divergence.between(buckets.logP(), buckets.logQ());
  }

  @Override
  public boolean needsTeacher() {
    return true;
  }

  @Override
  public void measure(TokenRows rows, BiConsumer<String, Variable> to) {
    if (klClip != null) {
      to.accept("kl_clip_fraction", TokenLoss.exceeds(divergence(rows), klClip));
    }
    measureClip(rows, isClip, to);
    support.measure(rows, to);
  }

  static void measureClip(
      TokenRows rows, @Nullable Double isClip, BiConsumer<String, Variable> to) {
    if (isClip != null) {
      Variable ratio = ImportanceWeight.ratio(rows.logPSampled(), rows.logOld());
      to.accept("is_clip_fraction", TokenLoss.exceeds(ratio, isClip));
    }
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
