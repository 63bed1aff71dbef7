package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What a loss sees of N response tokens: one row a token, of any sequences.
 *
 * @param logP the student's log-softmax, at the rollout temperature, over the vocabulary before
 *     each token {@code [N, V]}
 * @param logQ the self-teacher's at the same positions of the same response {@code [N, V]}; null
 *     for a loss that has no teacher
 * @param sampled the tokens themselves {@code [N, 1]}, I32
 * @param logOld the sampled tokens' log-probabilities when the update began {@code [N, 1]}
 * @param advantage of each token's sequence {@code [N, 1]}; null for a loss without one
 * @param oldTop pi_old at its likeliest tokens, for a loss that compares whole distributions with
 *     it; null where the policy has not moved since, or for a loss that does not
 */
public record TokenRows(
    Variable logP,
    @Nullable Variable logQ,
    Tensor sampled,
    Variable logOld,
    @Nullable Variable advantage,
    @Nullable OldTop oldTop) {

  /** Rows of a loss that needs no more of pi_old than the sampled token. */
  public TokenRows(
      Variable logP,
      @Nullable Variable logQ,
      Tensor sampled,
      Variable logOld,
      @Nullable Variable advantage) {
    this(logP, logQ, sampled, logOld, advantage, null);
  }

  /** {@code log p(y_t)}: the student's log-probabilities of the sampled tokens {@code [N, 1]}. */
  public Variable logPSampled() {
    return logP.gatherLast(sampled);
  }

  /** {@code log q(y_t)} {@code [N, 1]}. */
  public Variable logQSampled() {
    return teacher().gatherLast(sampled);
  }

  /** The advantages, for a loss that cannot do without; gradients stop here. */
  public Variable advantages() {
    if (advantage == null) {
      throw new IllegalStateException("policy-gradient loss: these rows come without advantages");
    }
    return advantage.detach();
  }

  /** The teacher's log-softmax, for a loss that cannot do without. */
  public Variable teacher() {
    if (logQ == null) {
      throw new IllegalStateException("self-distillation loss: these rows come without a teacher");
    }
    return logQ;
  }
}
