package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;

/** {@code -H(p_t)}, the negative entropy of the student's distribution in nats. */
public record EntropyBonus() implements TokenLoss {
  @Override
  public Variable perToken(TokenRows rows) {
    return rows.logP().exp().mul(rows.logP()).sum(-1);
  }

  @Override
  public boolean needsTeacher() {
    return false;
  }
}
