package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;

/** A loss that is a weighted sum over response tokens; see {@link Aggregation} for the weights. */
public interface TokenLoss {

  /** The loss of each token, {@code [N, 1]}, differentiable in the student's log-probabilities. */
  Variable perToken(TokenRows rows);

  /** Whether {@link TokenRows#logQ} is needed: a second forward pass, of the self-teacher. */
  boolean needsTeacher();
}
