package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import java.util.function.BiConsumer;

/**
 * The distance that GRPO may keep to the initial policy, whose logits take the teacher's place in
 * the rows: an estimate of KL(p || p_ref) at each token, differentiated as it stands (John
 * Schulman, Approximating KL Divergence, 2020). {@code k = log p_ref(y_t) - log p(y_t)} below.
 */
public record ReferenceKlLoss(Estimator estimator) implements TokenLoss {
  /** How the divergence is estimated; names are the reference's {@code kl_loss_type}. */
  public enum Estimator {
    /** -k, k1: unbiased in value; its gradient vanishes in expectation. */
    KL,
    /** |k|. */
    ABS,
    /** k^2 / 2, k2: its gradient is that of the KL. */
    MSE,
    /** e^k - k - 1, k3: unbiased in value and never negative. */
    LOW_VAR_KL,
    /** The KL itself, over the vocabulary. */
    FULL
  }

  @Override
  public Variable perToken(TokenRows rows) {
    if (estimator == Estimator.FULL) {
      return Divergence.kl(rows.logP(), rows.teacher().detach());
    }
    Variable k =
        rows.logQSampled()
            .detach()
            .sub(rows.logPSampled())
            .clamp(-ImportanceWeight.LARGEST_LOG_RATIO, ImportanceWeight.LARGEST_LOG_RATIO);
    return switch (estimator) {
      case KL -> k.neg();
      case ABS -> k.abs();
      case MSE -> k.square().times(.5);
      case LOW_VAR_KL -> k.exp().sub(k).plus(-1);
      case FULL -> throw new AssertionError("over the vocabulary, above");
    };
  }

  @Override
  public boolean needsTeacher() {
    return true;
  }

  @Override
  public void measure(TokenRows rows, BiConsumer<String, Variable> to) {
    to.accept("reference_kl", Divergence.kl(rows.logP(), rows.teacher()));
  }
}
