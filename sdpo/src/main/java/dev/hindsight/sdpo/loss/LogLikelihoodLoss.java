package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;

/**
 * {@code -A_t log p(y_t)}: with A the return this is REINFORCE, without an advantage it is the
 * negative log-likelihood, with which the paper's SFT baseline imitates successful answers of the
 * self-teacher.
 */
public record LogLikelihoodLoss() implements TokenLoss {
  @Override
  public Variable perToken(TokenRows rows) {
    Variable minusLogP = rows.logPSampled().neg();
    return rows.advantage() == null ? minusLogP : minusLogP.mul(rows.advantages());
  }

  @Override
  public boolean needsTeacher() {
    return false;
  }
}
